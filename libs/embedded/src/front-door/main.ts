import { runMain } from '@ledgerline/platform/main';
import { startFrontDoor } from './start-front-door.js';

await runMain(startFrontDoor);
