import type { Instant } from '@ledgerline/kernel';

export interface BillingAddress {
  readonly country?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly state?: string | undefined;
  readonly city?: string | undefined;
  readonly line1?: string | undefined;
  readonly line2?: string | undefined;
  readonly phoneNumber?: string | undefined;
}

/** Who is entitled and billed. */
export interface Customer {
  readonly id: string;
  readonly namespace: string;
  readonly key?: string | undefined;
  readonly name: string;
  readonly description?: string | undefined;
  readonly primaryEmail?: string | undefined;
  readonly currency?: string | undefined;
  readonly billingAddress?: BillingAddress | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly usageAttribution: { readonly subjectKeys: readonly string[] };
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** A deleted customer can still be read by id; its key and subjects are free again. */
  readonly deletedAt?: Instant | undefined;
}

/** The subjects whose events are the customer's: its key first, then its subject keys, each once. */
export const attributedSubjects = ({
  key,
  usageAttribution,
}: Pick<Customer, 'key' | 'usageAttribution'>): readonly string[] => [
  ...new Set([...(key === undefined ? [] : [key]), ...usageAttribution.subjectKeys]),
];
