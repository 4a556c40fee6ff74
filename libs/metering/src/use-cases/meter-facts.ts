import type { Fact } from '@ledgerline/kernel';
import { groupByTexts, type Meter } from '../core/meter.js';

/** A decision about a meter as the journal keeps it: the whole meter, so that its history reads without the table. */
export const meterFact = (type: 'MeterCreated' | 'MeterUpdated' | 'MeterDeleted', meter: Meter): Fact => ({
  stream: `meter:${meter.id}`,
  type,
  data: {
    id: meter.id,
    slug: meter.slug,
    name: meter.name,
    description: meter.description ?? null,
    metadata: meter.metadata ?? null,
    aggregation: meter.aggregation,
    eventType: meter.eventType,
    eventFrom: meter.eventFrom?.toString() ?? null,
    valueProperty: meter.valueProperty?.text ?? null,
    groupBy: groupByTexts(meter.groupBy),
    version: meter.version,
  },
});
