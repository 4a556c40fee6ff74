import type { Aggregation } from './meter.js';

/**
 * An aggregation in two steps, so that a rollup, readings and events beyond the mark are each aggregated on their own and put
 * together exactly. AVG is a sum and a count until the very end.
 */
interface PartialSql {
  /** Over rows with `value`, `value_text`, `time` and a place in the log; also what rollups keep, in the same words. */
  readonly value: string;
  readonly count: string;
  /** Over partial rows, as texts. */
  readonly merged: string;
  readonly mergedCount: string;
}

export function partialSql(aggregation: Aggregation): PartialSql {
  const counted = { count: 'count(value)', mergedCount: 'toString(sum(count_part))' };
  switch (aggregation) {
    case 'SUM':
    case 'AVG':
      // Sums of Decimal(38, 19) overflow in silence.
      return { value: 'sum(toDecimal256(value, 19))', merged: 'toString(sum(value_part))', ...counted };
    case 'MIN':
      return { value: 'min(value)', merged: 'toString(min(value_part))', ...counted };
    case 'MAX':
      return { value: 'max(value)', merged: 'toString(max(value_part))', ...counted };
    case 'LATEST':
      return {
        value: 'argMaxState(value, (time, kafka_partition, kafka_offset, index_in_record))',
        merged: 'toString(argMaxMerge(value_part))',
        ...counted,
      };
    case 'COUNT':
      return {
        value: 'count()',
        count: 'count()',
        merged: 'toString(sum(value_part))',
        mergedCount: 'toString(sum(count_part))',
      };
    case 'UNIQUE_COUNT':
      return {
        value: 'uniqExactState(value_text)',
        count: 'count(value_text)',
        merged: 'toString(uniqExactMerge(value_part))',
        mergedCount: 'toString(sum(count_part))',
      };
  }
}
