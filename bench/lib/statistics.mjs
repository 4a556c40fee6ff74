// The arithmetic of the bench: medians, ratios of pairs, and when a run counts for nothing.

const sorted = (values) => Float64Array.from(values).sort();

export function median(values) {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const inOrder = sorted(values);
  const middle = inOrder.length >> 1;
  return inOrder.length % 2 === 1 ? inOrder[middle] : (inOrder[middle - 1] + inOrder[middle]) / 2;
}

/** Nearest rank: the smallest value that at least `share` of all values do not exceed. */
export function percentile(values, share) {
  if (values.length === 0) throw new RangeError('a percentile of nothing');
  const inOrder = sorted(values);
  return inOrder[Math.max(0, Math.ceil(inOrder.length * share) - 1)];
}

export function geometricMean(values) {
  if (values.length === 0) throw new RangeError('the mean of nothing');
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * How many times better ours is, pair by pair. A pair was measured one right after the other, so a machine that slows down
 * slows both; the ratio of two medians would mix different moments.
 */
export function pairRatios(ours, reference, better) {
  if (ours.length !== reference.length || ours.length === 0)
    throw new RangeError(`pairs need as many values on both sides: ${ours.length} and ${reference.length}`);
  const ratios = ours.map((value, at) =>
    better === 'lower' ? reference[at] / value : value / reference[at],
  );
  const wrong = ratios.find((ratio) => !Number.isFinite(ratio) || ratio <= 0);
  if (wrong !== undefined) throw new RangeError(`a pair gave the ratio ${wrong}: one side measured nothing`);
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios), ratios };
}

/** `reached` or `missed` at the value itself, never rounded up to it; undefined where there is no goal. */
export function verdictOf(value, goal) {
  if (goal === undefined) return undefined;
  const isReached = 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
  return isReached ? 'reached' : 'missed';
}

/** A result that must not be believed. */
export class VoidRun extends Error {
  name = 'VoidRun';
}

/** Both sides must hold exactly what was acknowledged; otherwise a quick answer may just be a wrong one. */
export function requireAgreement(what, expected, counted) {
  const wrong = Object.keys(expected).filter((key) => String(expected[key]) !== String(counted[key]));
  if (wrong.length === 0) return;
  const details = wrong.map((key) => `${key} is ${counted[key]} and must be ${expected[key]}`);
  throw new VoidRun(`${what}: ${details.join(', ')}`);
}

/** Answers of both sides to one query, row for row and digit for digit. */
export function requireSameRows(what, ours, reference) {
  const a = new Map(ours);
  const b = new Map(reference);
  if (a.size !== ours.length || b.size !== reference.length)
    throw new VoidRun(`${what}: a group appears twice`);
  if (a.size === 0) throw new VoidRun(`${what}: the answer is empty`);
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    if (!a.has(key) || !b.has(key)) throw new VoidRun(`${what}: only one side has the group ${key}`);
    if (!Object.is(a.get(key), b.get(key)))
      throw new VoidRun(`${what}: ${key} is ${a.get(key)} in ours and ${b.get(key)} in the reference`);
  }
}
