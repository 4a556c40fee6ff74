import type { Instant } from '@ledgerline/kernel';

export const appTypes = ['sandbox', 'stripe', 'custom_invoicing'] as const;
export type AppType = (typeof appTypes)[number];

/** An installed integration that invoices, taxes and collects. */
export interface App {
  readonly id: string;
  readonly namespace: string;
  readonly type: AppType;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly status: 'ready' | 'unauthorized';
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Uninstalled: takes no new profiles, but invoices still name it. */
  readonly deletedAt?: Instant | undefined;
}
