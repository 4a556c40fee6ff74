import { type Decision, type Instant, refusal } from '@ledgerline/kernel';

/** Whose meters, customers and invoices: nothing of one is ever seen through another. */
export interface Namespace {
  readonly namespace: string;
  readonly createdAt: Instant;
}

// As in the OpenAPI document; the command does not pass through its validator.
const pattern = /^[a-z0-9]+(?:[_-][a-z0-9]+)*$/;
const lengthMax = 64;

export function decideNamespace(name: string): Decision<string> {
  if (name.length <= lengthMax && pattern.test(name)) return { accepted: name };
  const message = `takes up to ${lengthMax} small letters and digits, joined by single - or _`;
  return { refused: refusal.invalidField('$.namespace', 'namespace.invalid', message) };
}
