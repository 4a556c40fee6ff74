import { type Instant, instantFromMs, refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { meterNotFound } from '../core/decide-meter.js';
import { extractionOf, type Meter } from '../core/meter.js';
import { wholeSeconds } from '../core/plan-meter-query.js';
import {
  type Verification,
  verificationColumns,
  verifications,
  type VerificationScope,
} from '../core/plan-verification.js';
import type { MeterStore, MeterVersionStore, VerificationStore } from '../core/ports.js';

interface VerifyUsageQuestion {
  readonly namespace: string;
  /** Id or slug. */
  readonly meter: string;
  /** Whole UTC days around them are verified. */
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
}

interface UsageDifference {
  readonly what: Verification;
  readonly day: Instant;
  /** Days that differ, this one included. */
  readonly days: number;
  /** The first row that only one side has, and the other side's row in its place where there is one. */
  readonly rows: readonly { readonly side: string; readonly columns: Readonly<Record<string, string>> }[];
}

export interface UsageVerified {
  readonly meter: Meter;
  /** Undefined while readings are filled in: raw events answer until then, so there is nothing to be wrong. */
  readonly version: number | undefined;
  /** Rows compared by each verification, in order, up to the one that failed. */
  readonly compared: readonly { readonly what: Verification; readonly rows: number }[];
  readonly difference: UsageDifference | undefined;
}

/** Computes readings again from events, and rollups again from readings, and finds the first difference. Changes nothing. */
export class VerifyUsage {
  constructor(
    private readonly ports: {
      readonly unitOfWork: UnitOfWork;
      readonly meters: MeterStore;
      readonly versions: MeterVersionStore;
      readonly verification: VerificationStore;
    },
  ) {}

  async run(question: VerifyUsageQuestion): Promise<UsageVerified> {
    const { unitOfWork, meters, versions, verification } = this.ports;
    const db = unitOfWork.reader(question.namespace);
    const meter = await meters.find(db, question.meter);
    if (meter === undefined) throw new Refused(meterNotFound(question.meter));
    if (meter.deletedAt !== undefined) {
      throw new Refused(
        refusal.conflict(`meter ${meter.slug} is deleted: its readings are not used any more`),
      );
    }
    const { version } = await versions.newestComplete(db, meter.id);
    if (version === undefined) return { meter, version: undefined, compared: [], difference: undefined };
    const scope: VerificationScope = {
      extraction: extractionOf(meter, version),
      fromSeconds: question.from === undefined ? undefined : wholeSeconds(question.from),
      toSeconds: question.to === undefined ? undefined : wholeSeconds(question.to),
    };
    const compared: { what: Verification; rows: number }[] = [];
    for (const what of verifications) {
      const { firstDay, days, rows } = await verification.compareDays(what, scope);
      compared.push({ what, rows });
      // Rollups of no readings are not there to be read.
      if (firstDay === undefined && rows === 0) break;
      if (firstDay === undefined) continue;
      const ofDay = { ...scope, fromSeconds: firstDay, toSeconds: firstDay + 1 };
      const found = await verification.compareRows(what, ofDay);
      return {
        meter,
        version: version.version,
        compared,
        difference: {
          what,
          day: instantFromMs(firstDay * 1000),
          days,
          rows: found.map(([side = '', ...columns]) => ({
            side,
            columns: Object.fromEntries(
              verificationColumns[what].map((name, at) => [name, columns[at] ?? '']),
            ),
          })),
        },
      };
    }
    return { meter, version: version.version, compared, difference: undefined };
  }
}
