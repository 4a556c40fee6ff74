import type { Clock, Db } from '@ledgerline/kernel';
import type { MeterUse, MeterUseLookup } from '@ledgerline/metering';
import { CLOCK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { FeatureStore, MeterEntitlements } from '../core/ports.js';
import { propertiesOf } from '../core/unit-cost.js';
import { FEATURES, METER_ENTITLEMENTS } from '../tokens.js';

/** Answers metering's question what stands on a meter. */
export class LookUpMeterUse implements MeterUseLookup {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(METER_ENTITLEMENTS) private readonly entitlements: MeterEntitlements,
  ) {}

  async meterUse(db: Db, meterId: string): Promise<MeterUse> {
    const features = await this.features.findActiveOfMeter(db, meterId);
    const entitlements = await this.entitlements.countOnMeter(db, meterId, this.clock.now());
    return { activeFeatures: features.length, entitlements };
  }

  /** Group keys that filters and unit costs of active features name. */
  async groupByKeysInUse(db: Db, meterId: string): Promise<readonly string[]> {
    const features = await this.features.findActiveOfMeter(db, meterId);
    return [
      ...new Set(
        features.flatMap((feature) => [
          ...Object.keys(feature.filters ?? {}),
          ...propertiesOf(feature.unitCost),
        ]),
      ),
    ];
  }
}
