import type { Made } from './calculate-line.js';
import { enterStatus, guardFacts, hasCriticalIssues } from './decide-step.js';
import type { StandardInvoice } from './invoice.js';
import type { AppOutcome, RestOutcome } from './ports.js';
import { invoiceStateTable, nextStatus } from './state-machine.js';
import { replaceIssues } from './validation-issue.js';

/** What an app said, as the component that said it. */
export interface AppAnswer<Outcome extends AppOutcome = AppOutcome> {
  readonly appType: string;
  readonly operation: 'validate' | 'sync' | 'finalize' | 'delete' | 'initiate_payment';
  readonly outcome: Outcome;
}

export function takeAnswer(invoice: StandardInvoice, answer: AppAnswer, made: Made): StandardInvoice {
  const component = `app.${answer.appType}.invoiceCustomers.${answer.operation}`;
  const { issues, sentToCustomer, externalId } = answer.outcome;
  return {
    ...invoice,
    issues: replaceIssues(invoice.issues, component, issues, made),
    ...(sentToCustomer === true ? { sentToCustomerAt: made.now } : {}),
    ...(externalId === undefined ? {} : { externalId }),
  };
}

/** One entry action is done. When it left a critical issue behind, the state has failed. */
export function actionDone(invoice: StandardInvoice, made: Made): StandardInvoice {
  const done = { ...invoice, actionsDone: invoice.actionsDone + 1, updatedAt: made.now };
  if (!hasCriticalIssues(done) || !failsHere(invoice, done)) return done;
  const failed = nextStatus(done.status, 'failed', guardFacts(done, made.now));
  return failed === undefined ? done : enterStatus(done, failed, made.now);
}

// Earlier trouble of another producer may be mended by a later action of the same state: it counts after the last one.
const failsHere = (before: StandardInvoice, done: StandardInvoice): boolean => {
  const last = done.actionsDone === invoiceStateTable[done.status].onEntry.length;
  const known = new Set(before.issues.map((issue) => issue.id));
  return last || done.issues.some((issue) => issue.severity === 'critical' && !known.has(issue.id));
};

/** The app has heard that the invoice rests, and may have moved it. */
export function restTold(
  invoice: StandardInvoice,
  answer: AppAnswer<RestOutcome>,
  made: Made,
): StandardInvoice {
  const told = { ...takeAnswer(invoice, answer, made), restTold: true, updatedAt: made.now };
  const { trigger } = answer.outcome;
  const to = trigger === undefined ? undefined : nextStatus(told.status, trigger, guardFacts(told, made.now));
  return to === undefined ? told : enterStatus(told, to, made.now);
}
