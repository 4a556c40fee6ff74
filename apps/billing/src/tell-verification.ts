import type { UsageVerified } from '@ledgerline/metering';

const names = {
  readings: 'readings against events',
  by_quarter: 'rollup by quarter of an hour against readings',
  by_subject: 'rollup by subject and day against readings',
  by_text: 'rollup by text and day against readings',
} as const;

/** What a verification found, as lines for a person. */
export function tellVerification({ meter, version, compared, difference }: UsageVerified): readonly string[] {
  const subject = `meter ${meter.slug} (${meter.id})`;
  if (version === undefined) {
    return [
      `${subject}: its readings are being filled in, so raw events answer: there is nothing to verify yet`,
    ];
  }
  const lines = compared.map(({ what, rows }) => `${names[what]}: ${rows} rows compared`);
  if (difference === undefined) return [`${subject}, version ${version}`, ...lines, 'no difference'];
  const { what, day, days, rows } = difference;
  const shown = rows.map(
    ({ side, columns }) =>
      `  ${side}: ${Object.entries(columns)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')}`,
  );
  return [
    `${subject}, version ${version}`,
    ...lines,
    `DIFFERENCE in ${names[what]}, first on ${day.toString().slice(0, 10)} (${days} days differ):`,
    ...shown,
  ];
}
