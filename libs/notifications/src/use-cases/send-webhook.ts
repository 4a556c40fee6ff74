import type { Clock } from '@ledgerline/kernel';
import { CONFIG } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { postOut } from '@ledgerline/platform/egress';
import { Inject } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import type { Channel } from '../core/channel.js';
import type { AttemptOutcome } from '../core/delivery.js';
import type { WebhookSender } from '../core/ports.js';
import { MACHINE_CLOCK } from '../tokens.js';

// What a person needs to see why a receiver refused.
const answerBytesMax = 4_096;

/** Signs as standardwebhooks.com says, under these names and under those that OpenMeter's receivers know. */
export class SendWebhook implements WebhookSender {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(MACHINE_CLOCK) private readonly clock: Clock,
  ) {}

  async send(
    channel: Channel,
    { id, body }: { readonly id: string; readonly body: string },
  ): Promise<AttemptOutcome> {
    const at = new Date(this.clock.now().epochMilliseconds);
    const signature = new Webhook(channel.signingSecret).sign(id, at, body);
    const timestamp = String(Math.floor(at.getTime() / 1000));
    const outcome = await postOut(
      {
        url: channel.url,
        headers: {
          'user-agent': 'Ledgerline-Webhooks/1',
          ...channel.customHeaders,
          'content-type': 'application/json',
          ...signed('webhook', id, timestamp, signature),
          ...signed('svix', id, timestamp, signature),
        },
        body,
      },
      {
        allowPrivate: this.config.notifications.allowPrivateAddresses,
        timeoutMs: this.config.notifications.timeoutMs,
        answerBytesMax,
      },
    );
    const { durationMs } = outcome;
    return outcome.kind === 'answered'
      ? { statusCode: outcome.status, body: storable(outcome.body), durationMs, url: channel.url }
      : { body: outcome.reason, durationMs, url: channel.url };
  }
}

const signed = (brand: string, id: string, timestamp: string, signature: string): Record<string, string> => ({
  [`${brand}-id`]: id,
  [`${brand}-timestamp`]: timestamp,
  [`${brand}-signature`]: signature,
});

/** Postgres stores no NUL, and a receiver may answer anything. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');
