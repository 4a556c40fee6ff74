import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { flat, unit } from '../../test/builders.js';
import { invoiceDates } from './invoice-dates.js';
import { workflowFromJson, type WorkflowInput } from './workflow.js';

const at = (text: string) => instant(text);
const fee = { price: flat('5'), invoiceAt: at('2024-02-01T00:00:00Z') };
const usage = { price: unit('1'), invoiceAt: at('2024-02-03T00:00:00Z') };
const deleted = {
  price: unit('1'),
  invoiceAt: at('2024-06-01T00:00:00Z'),
  deletedAt: at('2024-01-01T00:00:00Z'),
};
const createdAt = at('2024-02-01T00:00:10.500Z');

const dates = (lines: Parameters<typeof invoiceDates>[0], workflow: WorkflowInput, issuedAt?: string) => {
  const all = invoiceDates(lines, workflowFromJson(workflow), {
    createdAt,
    issuedAt: issuedAt === undefined ? undefined : at(issuedAt),
  });
  return [all.collectionAt, all.draftUntil, all.dueAt].map((date) => date?.toString() ?? '–').join(' ');
};
const anchored = {
  collection: {
    alignment: { type: 'anchored', recurringPeriod: { interval: 'P1M', anchor: '2024-01-05T00:00:00Z' } },
  },
} as WorkflowInput;

describe('dates of an invoice', () => {
  it.each<[string, string, string]>([
    [
      'a fee waits for nothing',
      dates([fee], {}),
      '2024-02-01T00:00:10.5Z 2024-02-01T00:00:10.5Z 2024-03-02T00:00:10Z',
    ],
    [
      'usage waits for the last due line and an hour',
      dates([fee, usage, deleted], {}),
      '2024-02-03T01:00:00Z 2024-02-03T01:00:00Z 2024-03-04T01:00:00Z',
    ],
    [
      'a draft period follows the collection',
      dates([usage], { invoicing: { draftPeriod: 'P1D', dueAfter: 'P7D' } }),
      '2024-02-03T01:00:00Z 2024-02-04T01:00:00Z 2024-02-11T01:00:00Z',
    ],
    [
      'by hand: no draft end, due unknown',
      dates([usage], { invoicing: { autoAdvance: false } }),
      '2024-02-03T01:00:00Z – –',
    ],
    [
      'by hand: due from the issue on',
      dates([usage], { invoicing: { autoAdvance: false } }, '2024-02-10T00:00:00Z'),
      '2024-02-03T01:00:00Z – 2024-03-11T00:00:00Z',
    ],
    [
      'anchored: the next date of the recurrence',
      dates([usage], anchored),
      '2024-02-05T01:00:00Z 2024-02-05T01:00:00Z 2024-03-06T01:00:00Z',
    ],
  ])('%s', (_, actual, expected) => {
    expect(actual).toBe(expected);
  });
});
