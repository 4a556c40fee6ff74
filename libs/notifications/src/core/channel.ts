import type { Instant } from '@ledgerline/kernel';

export type Metadata = Readonly<Record<string, string>>;

/** Where notifications go: a webhook that signs what it sends. */
export interface Channel {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly url: string;
  readonly customHeaders: Readonly<Record<string, string>>;
  /** `whsec_` and base64. In clear in memory only. */
  readonly signingSecret: string;
  readonly disabled: boolean;
  readonly metadata?: Metadata | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}

export interface ChannelDraft {
  readonly name: string;
  readonly url: string;
  readonly customHeaders: Readonly<Record<string, string>>;
  /** Absent: a new one, or the one there is. */
  readonly signingSecret?: string | undefined;
  readonly disabled: boolean;
  readonly metadata?: Metadata | undefined;
}
