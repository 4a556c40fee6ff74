import type { Metadata } from '@ledgerline/catalog/core';
import type { components } from '@ledgerline/contract';
import type { Instant, Period } from '@ledgerline/kernel';
import type { Totals } from '@ledgerline/rating/core';
import type { InvoiceStatus } from './state-machine.js';
import type { ValidationIssue } from './validation-issue.js';
import type { Party, Workflow } from './workflow.js';

interface InvoiceBase {
  readonly id: string;
  readonly namespace: string;
  readonly customerId: string;
  readonly currency: string;
  readonly number: string;
  /** Raised by every write; a write that read another version is refused. */
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}

/** Where pending lines wait. One per customer and currency, revived under the same number when it fills again. */
export interface GatheringInvoice extends InvoiceBase {
  readonly kind: 'gathering';
}

export type InvoicedParty = components['schemas']['BillingInvoiceCustomerExtendedDetails'];

/** What was true when the invoice was made; later changes of profile and customer do not reach it. */
export interface InvoiceSnapshot {
  readonly supplier: Party;
  readonly customer: InvoicedParty;
  readonly workflow: Workflow;
  readonly billingProfileId: string;
  readonly appId: string;
}

export interface StandardInvoice extends InvoiceBase, InvoiceSnapshot {
  readonly kind: 'standard';
  readonly status: InvoiceStatus;
  /** Counts the states entered: part of every effect's key, so that entering a state again is a new effect. */
  readonly entry: number;
  /** How many of the state's entry actions are done. */
  readonly actionsDone: number;
  /** The app was told that the invoice has come to rest in this state. */
  readonly restTold: boolean;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly collectionAt: Instant;
  readonly draftUntil?: Instant | undefined;
  readonly dueAt?: Instant | undefined;
  readonly issuedAt?: Instant | undefined;
  readonly quantitySnapshotedAt?: Instant | undefined;
  readonly sentToCustomerAt?: Instant | undefined;
  readonly paymentProcessingEnteredAt?: Instant | undefined;
  readonly externalId?: string | undefined;
  readonly period?: Period | undefined;
  readonly totals: Totals;
  readonly issues: readonly ValidationIssue[];
}

export type Invoice = GatheringInvoice | StandardInvoice;
