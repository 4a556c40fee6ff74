import { type Refusal, type RefusalIssue, refusal } from '@ledgerline/kernel';

/** Gathers what is wrong with a request: one verdict for all of its events, and a bounded list of reasons. */
export class IngestVerdict {
  private readonly issues: RefusalIssue[] = [];
  private readonly refusedEvents = new Set<number>();
  private unlisted = 0;

  constructor(
    private readonly isBatch: boolean,
    private readonly issuesMax: number,
  ) {}

  isClean(): boolean {
    return this.refusedEvents.size === 0;
  }

  /** @param member name of the attribute, or undefined when the event as a whole is meant */
  add(index: number, member: string | undefined, code: string, message: string): void {
    this.refusedEvents.add(index);
    if (this.issues.length >= this.issuesMax) {
      this.unlisted += 1;
      return;
    }
    const root = this.isBatch ? `$[${index}]` : '$';
    const field = member === undefined ? root : `${root}.${member}`;
    this.issues.push({ code, message, field, severity: 'critical' });
  }

  refuse(events: number): Refusal {
    const count = this.refusedEvents.size;
    const subject = this.isBatch ? `${count} of ${events} events are` : 'the event is';
    // The first reasons stand in the detail too: many clients print nothing else.
    const reasons = this.issues.slice(0, 3).map(({ field, message }) => `${field ?? '$'} ${message}`);
    const rest = this.issues.length - reasons.length + this.unlisted;
    const more = rest > 0 ? `; and ${rest} more` : '';
    return refusal.invalid(`${subject} not valid, nothing was stored: ${reasons.join('; ')}${more}`, {
      issues: this.issues,
      ...(this.unlisted > 0 && { extensions: { unlistedIssues: this.unlisted } }),
    });
  }
}
