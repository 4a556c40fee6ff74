import type { Refusal } from '@ledgerline/kernel';
import type { ReceiptSlot } from './ingest-events.js';

// A token, or a text in quotes; a value may follow, and parameters behind semicolons, which we have no use for.
const preference = /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s;"]*)))?\s*(?:;|$)/;
// No honest header is longer, and each part of it is looked at.
const preferLengthMax = 1_000;

/** A place for the receipt when the header (RFC 7240) prefers one. The first of several `return` counts. */
export function receiptSlotOf(prefer: string | string[] | undefined): ReceiptSlot | undefined {
  if (prefer === undefined) return undefined;
  const text = String(prefer);
  if (text.length > preferLengthMax) return undefined;
  for (const part of text.split(',')) {
    const [, name = '', quoted, plain = ''] = preference.exec(part) ?? [];
    if (name.toLowerCase() !== 'return') continue;
    return (quoted ?? plain).toLowerCase() === 'representation' ? {} : undefined;
  }
  return undefined;
}

/** The refusal with what is wrong with each event, where that is known. */
export const withReceipt = (refusal: Refusal, slot: ReceiptSlot | undefined): Refusal =>
  slot?.receipt === undefined
    ? refusal
    : { ...refusal, extensions: { ...refusal.extensions, receipt: slot.receipt } };
