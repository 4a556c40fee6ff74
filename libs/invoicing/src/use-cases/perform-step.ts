import { type Instant, isBefore, newId, refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { calculateInvoice, groupOf, type InvoiceState, takeMeasured } from '../core/calculate-invoice.js';
import type { Made } from '../core/calculate-line.js';
import { enterStatus, type InvoiceStep, issue } from '../core/decide-step.js';
import type { InvoiceNumberKind } from '../core/invoice-number.js';
import { isLive, type Line } from '../core/line.js';
import type { AppOutcome, InvoicingApp, InvoicingApps } from '../core/ports.js';
import type { EntryAction } from '../core/state-machine.js';
import { actionDone, type AppAnswer, restTold, takeAnswer } from '../core/take-outcome.js';
import type { MeasureLines } from './measure-lines.js';

/** What a step came to, not stored yet. A number is taken by the transaction that stores it. */
export interface StepOutcome {
  readonly state: InvoiceState;
  readonly number?: { readonly counter: InvoiceNumberKind } | { readonly text: string } | undefined;
}

type Step = Exclude<InvoiceStep, { kind: 'rest' }>;

/** Does the outside part of one step: asks meters and apps. Writes nothing, so being killed here loses nothing. */
export class PerformStep {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly measure: MeasureLines,
    private readonly apps: InvoicingApps,
  ) {}

  async run(state: InvoiceState, step: Step, now: Instant): Promise<StepOutcome> {
    const made = { newId, now };
    switch (step.kind) {
      case 'move':
        return withInvoice(state, enterStatus(state.invoice, step.to, now));
      case 'perform':
        return this.perform(state, step, made);
      case 'tell rest': {
        const app = await this.appOf(state);
        const outcome = await answered(() => app.postAdvance(liveOf(state), step.key));
        const answer = { appType: app.type, operation: 'initiate_payment' as const, outcome };
        return withInvoice(state, restTold(state.invoice, answer, made));
      }
    }
  }

  private async perform(
    state: InvoiceState,
    { action, key }: { readonly action: EntryAction; readonly key: string },
    made: Made,
  ): Promise<StepOutcome> {
    switch (action) {
      case 'calculate':
        return done(calculateInvoice(await this.measured(state, made, isUnmeasured), made), made);
      case 'snapshot quantities':
        return done(await this.snapshot(state, made), made);
      case 'issue':
        return done({ ...state, invoice: issue(state.invoice, state.lines, made.now) }, made);
      case 'mark deleted':
        return done(
          { ...state, invoice: { ...state.invoice, deletedAt: state.invoice.deletedAt ?? made.now } },
          made,
        );
      case 'validate with app':
      case 'upsert with app':
      case 'finalize with app':
      case 'delete with app':
        return this.askApp(state, { action, key }, made);
    }
  }

  /** Once at or after the collection date; usage that arrives later belongs to no line of this invoice. */
  private async snapshot(state: InvoiceState, made: Made): Promise<InvoiceState> {
    const { quantitySnapshotedAt, collectionAt } = state.invoice;
    if (quantitySnapshotedAt !== undefined && !isBefore(quantitySnapshotedAt, collectionAt)) return state;
    const measured = await this.measured(state, made, isLive);
    return { ...measured, invoice: { ...measured.invoice, quantitySnapshotedAt: made.now } };
  }

  private async measured(
    state: InvoiceState,
    made: Made,
    which: (line: Line) => boolean,
  ): Promise<InvoiceState> {
    const { namespace, customer } = state.invoice;
    const lines = state.lines
      .filter((line) => isLive(line) && which(line))
      .map((line) => ({ line, group: groupOf(state, line) }));
    // Trouble of an earlier reading is kept where nothing is read again.
    if (lines.length === 0) return state;
    return takeMeasured(state, await this.measure.run(namespace, customer, lines), made);
  }

  private async askApp(
    state: InvoiceState,
    { action, key }: { readonly action: AppAction; readonly key: string },
    made: Made,
  ): Promise<StepOutcome> {
    const app = await this.appOf(state);
    const answer = await askApp(app, { action, key }, state);
    const { number } = answer.outcome;
    const invoice = takeAnswer(state.invoice, answer, made);
    // A number once given stays, whatever was tried again.
    const takesNumber = action === 'finalize with app' && invoice.number.startsWith('DRAFT-');
    return { ...done({ ...state, invoice }, made), number: takesNumber ? number : undefined };
  }

  private async appOf({ invoice }: InvoiceState): Promise<InvoicingApp> {
    const app = await this.apps.find(this.unitOfWork.reader(invoice.namespace), invoice.appId);
    if (app === undefined) throw new Error(`the app ${invoice.appId} of invoice ${invoice.id} is unknown`);
    return app;
  }
}

type AppAction = Extract<
  EntryAction,
  'validate with app' | 'upsert with app' | 'finalize with app' | 'delete with app'
>;

async function askApp(
  app: InvoicingApp,
  { action, key }: { readonly action: AppAction; readonly key: string },
  state: InvoiceState,
): Promise<AppAnswer> {
  const seen = liveOf(state);
  const answer = async (
    operation: AppAnswer['operation'],
    ask: () => Promise<AppOutcome>,
  ): Promise<AppAnswer> => ({ appType: app.type, operation, outcome: await answered(ask) });
  switch (action) {
    case 'validate with app':
      return answer('validate', () => app.validate(seen));
    case 'upsert with app':
      return answer('sync', () => app.upsert(seen, key));
    case 'finalize with app':
      return answer('finalize', () => app.finalize(seen, key));
    case 'delete with app':
      return answer('delete', () => app.delete(seen, key));
  }
}

/** An app's no becomes a critical issue. Anything else it throws is trouble that passes: the job tries again. */
async function answered<Outcome extends AppOutcome>(
  ask: () => Promise<Outcome>,
): Promise<Outcome | AppOutcome> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { issues: [{ severity: 'critical', message: error.refusal.detail }] };
  }
}

const liveOf = (state: InvoiceState) => ({ invoice: state.invoice, lines: state.lines.filter(isLive) });
const isUnmeasured = (line: Line): boolean => line.metered === undefined;
const withInvoice = (state: InvoiceState, invoice: InvoiceState['invoice']): StepOutcome => ({
  state: { ...state, invoice },
});
const done = (state: InvoiceState, made: Made): StepOutcome =>
  withInvoice(state, actionDone(state.invoice, made));

export const noSuchInvoice = (id: string): Refused =>
  new Refused(
    refusal.notFound(`there is no invoice ${id}`, {
      issues: [{ code: 'invoice_not_found', message: 'invoice not found', severity: 'critical' }],
      extensions: { code: 'invoice_not_found', message: 'invoice not found' },
    }),
  );
