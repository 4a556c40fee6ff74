// All faults of the plan that concern usage. Each says which state it must reach to have proved anything.
import { diskFaults } from './fault-disks.mjs';
import { linkFaults } from './fault-links.mjs';
import { logFaults } from './fault-log.mjs';
import { processFaults } from './fault-processes.mjs';
import { sinkFaults } from './fault-sinks.mjs';

export const allFaults = [...processFaults, ...linkFaults, ...sinkFaults, ...diskFaults, ...logFaults];
