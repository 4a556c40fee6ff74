import type { Room } from '@ledgerline/platform';
import { CatalogModule } from './catalog.module.js';
import { FEATURE_REFERENCES, METER_ENTITLEMENTS } from './tokens.js';

export { CatalogModule } from './catalog.module.js';
export { featureToApi } from './http/convert-feature.js';
export { planContentFromApi } from './http/convert.js';
export * from './tokens.js';
export { LookUpMeterUse } from './use-cases/look-up-meter-use.js';
export { holdFeaturesById, holdFeaturesByKey } from './use-cases/set-up-features.js';

export const catalogRoom: Room = {
  name: 'catalog',
  module: CatalogModule,
  ports: [FEATURE_REFERENCES, METER_ENTITLEMENTS],
};
