// The sink with a store that sends an insert again until it is acknowledged: the harness must find what that breaks.
import { runMain } from '@ledgerline/platform/main';
import { createLogger } from '@ledgerline/platform/telemetry';
import { SinkEventsStore } from '@ledgerline/sink';
import { rowColumns } from '@ledgerline/sink/core';
import { makeNaive } from '@ledgerline/testkit';
import { openReadings } from '../../apps/sink/dist/open-readings.js';
import { startSink } from '../../apps/sink/dist/start-sink.js';

const openStore = (client) =>
  makeNaive(new SinkEventsStore(client), client, { mode: 'retry', columns: rowColumns });

await runMain((config) =>
  startSink(
    config,
    createLogger({ service: 'sink', level: config.telemetry.logLevel }),
    openReadings,
    openStore,
  ),
);
