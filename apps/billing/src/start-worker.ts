import { systemClock, type UnitOfWork } from '@ledgerline/kernel';
import { type LiveClock, UNIT_OF_WORK } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { KafkaNoticePublisher, NoticeErrors, NoticeTransport, topicsOf } from '@ledgerline/platform/kafka';
import type { Running } from '@ledgerline/platform/main';
import {
  engineChecks,
  handleDueWork,
  noticesGroupOf,
  type Platform,
  queueOptionsOf,
  relayName,
  Sweeper,
  watchEngines,
} from '@ledgerline/platform/nest';
import { JournalRelay, listActiveNamespaces } from '@ledgerline/platform/postgres';
import { startJobWorker } from '@ledgerline/platform/queue';
import { nestLogger, startTelemetryServer } from '@ledgerline/platform/telemetry';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { open, type StartOptions } from './start-api.js';

/** Starts the worker role: relays the journal, hears notices, runs jobs and finds due work. */
export async function startWorker(config: Config, options: StartOptions = {}): Promise<Running> {
  const { platform, clock } = await open(config, 'billing-worker', options);
  const notices = new NoticeTransport({
    kafka: platform.kafka,
    topic: topicsOf(config.kafka.topicPrefix).notices,
    groupId: noticesGroupOf(config.kafka.topicPrefix),
    logger: platform.logger,
    metrics: platform.metrics,
  });
  notices.useClock(clock);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and reads them as a record
  const app = await NestFactory.createMicroservice(AppModule.forRoot({ platform, clock, ...options }), {
    strategy: notices,
    logger: nestLogger(platform.logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new NoticeErrors());
  // The first relayed notice must find its handlers, the first job its own: listening comes before feeding.
  await app.listen();
  const engines = startEngines(platform, clock, app.get<UnitOfWork>(UNIT_OF_WORK));
  const { checks, close: closeChecks } = engineChecks(platform);
  const figures = watchEngines(platform);
  const telemetry = await startTelemetryServer({
    host: config.telemetry.host,
    port: config.billing.workerTelemetryPort,
    checks: [
      ...checks,
      { name: 'notices', run: () => Promise.resolve(notices.trouble) },
      { name: 'relay', run: () => Promise.resolve(engines.relay.trouble) },
      { name: 'jobs', run: () => Promise.resolve(engines.troubleOfJobs()) },
      { name: 'due work', run: () => Promise.resolve(engines.troubleOfDueWork()) },
    ],
    registry: platform.metrics,
  });
  platform.logger.info('billing worker works');
  return {
    // Feeders first, then those they feed, then the engines under all of them.
    close: async () => {
      await engines.stop();
      await app.close();
      await telemetry.close();
      await closeChecks();
      await figures.close();
      await platform.close();
    },
  };
}

function startEngines(platform: Platform, clock: LiveClock, unitOfWork: UnitOfWork) {
  const { config, logger } = platform;
  handleDueWork(platform.jobs, platform.dueWork, clock);
  const worker = startJobWorker(queueOptionsOf(config, logger), {
    registry: platform.jobs,
    concurrency: config.billing.jobConcurrency,
    before: () => clock.refresh(),
  });
  // By the machine's clock: retries of deliveries have nothing to do with virtual time.
  handleDueWork(platform.outside.jobs, platform.outside.dueWork, systemClock);
  const outsideWorker = startJobWorker(
    { ...queueOptionsOf(config, logger), name: 'outside' },
    { registry: platform.outside.jobs, concurrency: config.notifications.concurrency },
  );
  const publisher = new KafkaNoticePublisher(platform.kafka, topicsOf(config.kafka.topicPrefix).notices);
  const relay = new JournalRelay({
    url: config.postgres.url,
    name: relayName,
    publisher,
    logger,
    pollMs: config.billing.relayPollMs,
  });
  relay.start();
  const everywhere = {
    unitOfWork,
    listNamespaces: () => listActiveNamespaces(platform.postgres),
    everyMs: config.billing.sweepEveryMs,
    logger,
  };
  const sweeper = new Sweeper({
    ...everywhere,
    dueWork: platform.dueWork,
    clock,
    queue: platform.queue,
  });
  const outsideSweeper = new Sweeper({
    ...everywhere,
    dueWork: platform.outside.dueWork,
    clock: { now: () => systemClock.now(), refresh: () => Promise.resolve() },
    queue: platform.outside.queue,
  });
  sweeper.start();
  outsideSweeper.start();
  return {
    relay,
    troubleOfJobs: () => worker.trouble ?? outsideWorker.trouble,
    troubleOfDueWork: () => sweeper.trouble ?? outsideSweeper.trouble,
    stop: async () => {
      await Promise.all([sweeper.stop(), outsideSweeper.stop()]);
      await relay.stop();
      await publisher.close();
      await Promise.all([worker.stop(), outsideWorker.stop()]);
    },
  };
}
