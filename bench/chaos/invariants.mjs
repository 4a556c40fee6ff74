// What must hold once everything is healed, by the driver's own list. Each finding names the invariant that broke.
import { decodeUsageRecord } from '@ledgerline/contract';
import { decimal } from '@ledgerline/kernel';
import { eventually, NotYet } from '@ledgerline/testkit';
import { meters } from './usage.mjs';

/** I11: this long after the last heal everything must be stored, counted and ready. */
const quietMs = 60_000;
const shownMax = 5;
const hourMs = 3_600_000;

/**
 * Waits until the driver knows every outcome, the lag is 0, readings are built and every service is ready; then compares.
 * Returns findings; none means that all of I1–I5, I11 and I12 hold.
 */
export async function check({ instance, driver, startedAtMs }) {
  const findings = [];
  const healedAtMs = performance.now();
  driver.pause();
  try {
    await untilQuiet(instance, driver, healedAtMs);
  } catch (error) {
    findings.push(`I11: ${error.message}`);
  }
  findings.push(...driver.broken.splice(0));
  // What cannot be asked cannot hold.
  try {
    findings.push(...(await compareEvents(instance, driver.expected, driver.sent)));
    findings.push(...(await compareMeters(instance, driver.expected, startedAtMs)));
  } catch (error) {
    findings.push(`I11: the check itself failed: ${error.stack}`);
  }
  return { findings, quietAfterMs: performance.now() - healedAtMs };
}

async function untilQuiet(instance, driver, healedAtMs) {
  const within = (check, what) =>
    eventually(check, { deadlineMs: Math.max(1_000, quietMs - (performance.now() - healedAtMs)), what });
  await within(() => {
    if (!driver.isSettled) throw new NotYet(`${driver.unsettled} requests`);
    return true;
  }, 'every request to be acknowledged');
  await within(async () => {
    const lag = await instance.lag();
    if (lag !== 0) throw new NotYet(`lag ${lag}`);
    return true;
  }, 'lag 0');
  await within(async () => {
    const lag = await instance.readingsLag();
    if (lag !== 0) throw new NotYet(`${lag} records behind`);
    return true;
  }, 'readings of everything');
  for (const service of instance.running) {
    await within(async () => {
      const { ok, text } = await instance.readiness(service);
      if (!ok) throw new NotYet(text);
      return true;
    }, `${service.name} ready`);
  }
}

async function compareEvents(instance, expected, sent) {
  const findings = [];
  const [totals] = await instance.rows(
    `SELECT toUInt32(countIf(status = 'ok')) AS ok, toUInt32(countIf(status = 'invalid')) AS invalid,
      toUInt32(uniqExactIf((namespace, source, id), status = 'ok')) AS identities FROM events`,
  );
  const stored = new Set(
    (await instance.rows(`SELECT concat(source, ' ', id) AS k FROM events WHERE status = 'ok'`)).map(
      ({ k }) => k,
    ),
  );
  const lost = [...expected.keys()].filter((key) => !stored.has(key));
  const phantom = [...stored].filter((key) => !sent.has(key));
  const some = (keys) => keys.slice(0, shownMax).join(', ');
  if (lost.length > 0) findings.push(`I1: ${lost.length} acknowledged events are not counted: ${some(lost)}`);
  if (totals.ok !== totals.identities)
    findings.push(`I1: ${totals.ok} rows count, but only ${totals.identities} identities`);
  if (phantom.length > 0) findings.push(`I2: ${phantom.length} rows nobody sent: ${some(phantom)}`);
  if (totals.invalid !== expected.unreadable)
    findings.push(
      `I3: ${totals.invalid} invalid rows, ${expected.unreadable} unreadable records were written`,
    );
  findings.push(...(await compareSums(instance, expected)), ...(await comparePlaces(instance)));
  return findings;
}

/** I1 to the last digit: the sum of what is stored and the driver's own sum, as decimals. */
async function compareSums(instance, expected) {
  const rows = await instance.rows(
    `SELECT source, toString(sum(toDecimal256(replaceAll(JSONExtractRaw(data, 'amount'), '"', ''), 9))) AS total
     FROM events WHERE status = 'ok' AND type IN ('chaos', 'chaos-level') GROUP BY source`,
  );
  const found = new Map(rows.map(({ source, total }) => [source, decimal(total).toFixed()]));
  return [...expected.sums()]
    .filter(([source, sum]) => found.get(source) !== sum)
    .map(([source, sum]) => `I1: source ${source} sums to ${found.get(source)}, the driver's list to ${sum}`);
}

/** I3, by the table alone: no offset and no index missing or twice. */
async function comparePlaces(instance) {
  const findings = [];
  const ends = await instance.ends();
  const rows = await instance.rows(
    `SELECT toUInt32(p) AS p, toUInt32(count()) AS offsets, toUInt32(max(o) + 1) AS next, toUInt32(countIf(n != u OR n != top + 1)) AS wrong
     FROM (SELECT kafka_partition AS p, kafka_offset AS o, count() AS n, uniqExact(index_in_record) AS u, max(index_in_record) AS top
       FROM events GROUP BY p, o) GROUP BY p`,
  );
  for (const { p, offsets, next, wrong } of rows) {
    if (wrong > 0) findings.push(`I3: partition ${p}: ${wrong} records have rows missing or twice`);
    if (offsets !== next) findings.push(`I3: partition ${p}: ${next - offsets} offsets have no row`);
    if (next > (ends.get(p) ?? 0))
      findings.push(`I3: partition ${p}: ${next} records are stored, Kafka holds ${ends.get(p)}`);
  }
  return findings;
}

/** I4 and I5: every window of every meter, as the API shows it, against the driver's list. */
async function compareMeters(instance, expected, startedAtMs) {
  const findings = [];
  // Late events reach back an hour; the run itself may pass one or two.
  const from = new Date(Math.floor((startedAtMs - 2 * hourMs) / hourMs) * hourMs).toISOString();
  const to = new Date(Math.ceil((Date.now() + hourMs) / hourMs) * hourMs).toISOString();
  for (const meter of meters) {
    const query = `windowSize=HOUR&groupBy=subject&from=${from}&to=${to}`;
    const reply = await fetch(`${instance.apiUrl}/api/v1/meters/${meter.slug}/query?${query}`);
    const body = await reply.json();
    if (!reply.ok) throw new Error(`meter ${meter.slug}: ${reply.status} ${JSON.stringify(body)}`);
    const found = new Map(
      body.data.map(({ windowStart, subject, value }) => [
        `${new Date(windowStart).toISOString()} ${subject}`,
        value,
      ]),
    );
    const wanted = expected.cellsOf(meter);
    const wrong = [...new Set([...found.keys(), ...wanted.keys()])].filter(
      (cell) => found.get(cell) !== wanted.get(cell),
    );
    if (wrong.length === 0) continue;
    const shown = wrong
      .slice(0, shownMax)
      .map((cell) => `${cell}: ${found.get(cell)}, should be ${wanted.get(cell)}`);
    findings.push(
      `I4: ${meter.slug}: ${wrong.length} of ${wanted.size} windows are wrong: ${shown.join('; ')}`,
    );
  }
  return findings;
}

/** I3 by Kafka itself, once at the end: as many rows of each record as it has events. */
export async function compareWithLog(instance) {
  const ends = await instance.ends();
  const stored = new Map(
    (
      await instance.rows(
        `SELECT concat(toString(kafka_partition), ' ', toString(kafka_offset)) AS place, toUInt32(count()) AS n FROM events GROUP BY place`,
      )
    ).map(({ place, n }) => [place, n]),
  );
  const seen = new Map([...ends.keys()].map((partition) => [partition, 0]));
  let delivered = 0;
  let wrong = 0;
  const consumer = instance.openKafka().consumer({ groupId: `chaos-reader-${process.pid}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [instance.topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { offset, value } of batch.messages) {
          const events = eventsIn(value);
          delivered += events;
          if (stored.get(`${batch.partition} ${offset}`) !== events) wrong += 1;
          seen.set(batch.partition, Number(offset) + 1);
        }
      },
    });
    await eventually(() => [...ends].every(([partition, end]) => seen.get(partition) >= end), {
      deadlineMs: 120_000,
      what: 'the whole topic read',
    });
  } finally {
    await consumer.disconnect();
  }
  const rows = [...stored.values()].reduce((sum, n) => sum + n, 0);
  const findings = [];
  if (wrong > 0) findings.push(`I3: ${wrong} records have another number of rows than events`);
  if (rows !== delivered) findings.push(`I3: ${delivered} events were delivered, ${rows} rows are stored`);
  return { findings, delivered };
}

/** What cannot be read is one row. */
function eventsIn(value) {
  try {
    return decodeUsageRecord(value).length;
  } catch {
    return 1;
  }
}
