import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { defaultIngestLimits } from './limits.js';
import { decideIngest } from './parse.js';

// The contract's own schema of an event, compiled by ajv: the hand-written check is held against it.
const document = parseYaml(
  readFileSync(new URL('../../../contract/openapi/openmeter.openapi.yaml', import.meta.url), 'utf8'),
) as {
  components: { schemas: { Event: { properties: Record<string, { enum?: unknown[]; nullable?: true }> } } };
};
const { Event } = document.components.schemas;
// As in the contract's normalising pass: an enum without null would refuse what `nullable` allows.
for (const property of Object.values(Event.properties)) if (property.nullable) property.enum?.push(null);
const ajv = new Ajv({ strict: false });
addFormats.default(ajv, ['date-time']);
// Sources such as "service name" are common, and the implementation the contract comes from does not look at these two either.
ajv.addFormat('uri', true).addFormat('uri-reference', true);
const fitsSchema = ajv.compile(Event);

/** Refusals for reasons that the schema cannot or does not name. */
const beyondTheSchema = (event: Record<string, unknown>): boolean =>
  event['specversion'] !== '1.0' ||
  (event['data_base64'] ?? null) !== null ||
  // ajv's date-time also takes a blank for the T, zones without colon or minutes, and any year.
  (typeof event['time'] === 'string' &&
    !/^(19|2[0-2])\d\d-..-..[Tt]..:..:..(\.\d+)?([Zz]|[+-]..:..)$/.test(event['time'])) ||
  ['id', 'source', 'type', 'subject'].some((name) => /[\0\p{Cs}]/u.test(String(event[name])));

const oddText = fc.oneof(
  fc.constantFrom('', ' ', '1.0', 'application/json', '\0', '\ud800', 'é'),
  fc.string(),
);
const odd = fc.oneof(oddText, fc.constantFrom(null, undefined, 0, true, [], {}), fc.jsonValue());
const rarely = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd });
const time = fc.oneof(
  fc.constantFrom(undefined, null),
  fc
    .date({ noInvalidDate: true, min: new Date('1850-01-01'), max: new Date('2350-01-01') })
    .map((date) => date.toISOString()),
  fc
    .tuple(
      fc.stringMatching(/^(19|20|21)\d\d-[01]\d-[0-3]\d[Tt][0-2]\d:[0-5]\d:[0-6]\d(\.\d{1,4})?$/),
      fc.stringMatching(/^([Zz]|[+-][0-2]\d:[0-6]\d)$/),
    )
    .map((parts) => parts.join('')),
);
const anEvent = fc.record(
  {
    id: rarely(fc.string({ minLength: 1 })),
    source: rarely(fc.webUrl()),
    specversion: rarely(fc.constant('1.0')),
    type: rarely(fc.string({ minLength: 1 })),
    subject: rarely(fc.string({ minLength: 1 })),
    time: rarely(time),
    datacontenttype: rarely(fc.constantFrom('application/json', null, undefined)),
    dataschema: rarely(fc.constantFrom('https://example.com/schema', null, undefined)),
    data: rarely(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.constant(null))),
    data_base64: rarely(fc.constant(undefined)),
    extension: odd,
  },
  { requiredKeys: ['id', 'source', 'specversion', 'type', 'subject'] },
);

describe('the hand-written check of an event', () => {
  it('agrees with the contract’s schema, but for the reasons it has beyond it', () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(anEvent, (sent) => {
        const text = JSON.stringify(sent);
        const event = JSON.parse(text) as Record<string, unknown>;
        const decision = decideIngest(
          { namespace: 'ns', mode: 'structured', text, rawHeaders: [] },
          0,
          defaultIngestLimits,
        );
        const isAccepted = decision.refused === undefined;
        seen[isAccepted ? 'accepted' : 'refused'] += 1;
        expect(isAccepted).toBe(fitsSchema(event) && !beyondTheSchema(event));
      }),
      { numRuns: 5_000 },
    );
    // Both outcomes must have been reached, or the property says nothing.
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(300);
  });
});
