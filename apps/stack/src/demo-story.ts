import { repositoryRoot } from '@ledgerline/embedded';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AccessLogReader } from './demo-access-log.js';
import type { DemoApi } from './demo-api.js';
import { customerKey, setUpCommerce } from './demo-setup.js';

interface Paged<T> {
  readonly items: readonly T[];
}
interface Query {
  readonly data: readonly { readonly value: number }[];
}
interface Invoice {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly totals: { readonly total: string };
  readonly lines?: readonly { readonly name: string; readonly totals: { readonly total: string } }[];
}
interface Explanation {
  readonly number: string;
  readonly lines: readonly {
    readonly name: string;
    readonly from: string;
    readonly to: string;
    readonly price: string;
    readonly windows: readonly { readonly from: string; readonly quantity: string }[];
    readonly sentences: readonly string[];
  }[];
  readonly sentence: string;
}

// Traffic of the demo: what somebody looking around would ask for.
const pages = [
  '/docs',
  '/api/swagger.json',
  '/api/v1/meters',
  '/api/v1/customers',
  '/api/v1/features',
  '/no/such/page',
];
const rounds = 8;
// How long the pipeline may take to show what was sent; it usually takes a second.
const visibleWithinMs = 30_000;

type Say = (line: string) => void;

/** Real traffic becomes usage, usage burns a grant down, and months end in paid invoices. */
export async function tellStory(demo: {
  readonly api: DemoApi;
  readonly baseUrl: string;
  readonly accessLog: string;
  readonly say: Say;
}): Promise<void> {
  const { api, say } = demo;
  const { now } = (await api.get('/api/ledgerline/v1/clock')) as { now: string };
  say(
    `\nIt is ${now} on the virtual clock. Acme gets a plan: 20 USD a month in advance and 0.015 USD a web request,`,
  );
  say(
    'and a grant of 400,000 LLM tokens. The requests are real: the front door of this demo logs them as they come.\n',
  );
  await setUpCommerce(api, now);
  await untilInvoices(api, 1);
  const log = new AccessLogReader(demo.accessLog);
  const llm = await readStream();
  const sent = { requests: 0, tokens: 0 };
  say('  web requests │ LLM tokens used │ tokens left │ the next invoice so far');
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(pages.map(async (page) => (await fetch(demo.baseUrl + page)).text()));
    const part = llm.slice((round * llm.length) / rounds, ((round + 1) * llm.length) / rounds);
    const requests = await log.nextEvents(customerKey);
    await api.ingest([...requests, ...part]);
    sent.requests += requests.length;
    sent.tokens += part.reduce((total, event) => total + event.data.totalTokens, 0);
    await untilVisible(api, sent);
    say(await statusLine(api));
  }
  await endOfMonths(api, say, now);
}

/** Moves the clock over three month ends and shows what was billed. */
async function endOfMonths(api: DemoApi, say: Say, start: string): Promise<void> {
  for (const months of [1, 2, 3]) {
    const to = monthsLater(start, months);
    const moved = (await api.put('/api/ledgerline/v1/clock', { now: to })) as { now: string; steps: number };
    say(`\nThe clock moves to ${moved.now} (${moved.steps} due instants on the way).`);
    for (const invoice of await untilInvoices(api, 1 + months)) {
      say(
        `  ${invoice.number.padEnd(18)} ${invoice.status.padEnd(6)} ${invoice.totals.total.padStart(8)} USD`,
      );
    }
  }
  const [, second] = await untilInvoices(api, 4);
  if (second === undefined) throw new Error('the second invoice is missing');
  const explanation = (await api.get(`/api/ledgerline/v1/invoices/${second.id}/explanation`)) as Explanation;
  say(`\nWhy does ${explanation.number} cost what it costs?\n`);
  for (const line of explanation.lines) {
    say(`  ${line.name}, ${line.from.slice(0, 10)} to ${line.to.slice(0, 10)}. ${line.price}`);
    for (const window of line.windows) say(`    used on ${window.from.slice(0, 10)}: ${window.quantity}`);
    for (const sentence of line.sentences) say(`    ${sentence}`);
  }
  say(`\n  ${explanation.sentence}`);
}

/** An hour after the same day of a later month: usage is collected for an hour before it is billed. */
function monthsLater(start: string, months: number): string {
  const at = new Date(start);
  return new Date(
    Date.UTC(
      at.getUTCFullYear(),
      at.getUTCMonth() + months,
      at.getUTCDate(),
      at.getUTCHours() + 2,
      at.getUTCMinutes(),
    ),
  ).toISOString();
}

interface LlmEvent {
  readonly data: { readonly totalTokens: number };
}
async function readStream(): Promise<readonly LlmEvent[]> {
  const text = await readFile(join(repositoryRoot, 'examples/llm-events.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LlmEvent);
}

const totalOf = async (api: DemoApi, slug: string): Promise<number> =>
  ((await api.get(`/api/v1/meters/${slug}/query`)) as Query).data[0]?.value ?? 0;

async function untilVisible(api: DemoApi, sent: { requests: number; tokens: number }): Promise<void> {
  await until(async () => {
    const [requests, tokens] = [await totalOf(api, 'http_requests'), await totalOf(api, 'llm_tokens')];
    return requests === sent.requests && tokens === sent.tokens ? true : undefined;
  }, `the meters to show ${sent.requests} requests and ${sent.tokens} tokens`);
}

/** Waits for that many standard invoices, oldest first, all of them paid. */
async function untilInvoices(api: DemoApi, count: number): Promise<readonly Invoice[]> {
  return until(async () => {
    const { items } = (await api.get(
      '/api/v1/billing/invoices?orderBy=createdAt&order=ASC',
    )) as Paged<Invoice>;
    const standard = items.filter(({ status }) => status !== 'gathering');
    return standard.length === count && standard.every(({ status }) => status === 'paid')
      ? standard
      : undefined;
  }, `${count} paid invoices`);
}

async function statusLine(api: DemoApi): Promise<string> {
  const value = (await api.get(`/api/v2/customers/${customerKey}/entitlements/tokens/value`)) as {
    balance: number;
    usage: number;
  };
  const requests = await totalOf(api, 'http_requests');
  const { items } = (await api.get(
    '/api/v1/billing/invoices?statuses=gathering&expand=lines',
  )) as Paged<Invoice>;
  const lines = items.flatMap((invoice) => invoice.lines ?? []);
  const next = lines.map((line) => `${line.name} ${line.totals.total}`).join(' + ');
  const [r, u, b] = [requests, value.usage, value.balance].map((n) => n.toLocaleString('en'));
  return `  ${(r ?? '').padStart(12)} │ ${(u ?? '').padStart(15)} │ ${(b ?? '').padStart(11)} │ ${next}`;
}

async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadline = performance.now() + visibleWithinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`waited ${visibleWithinMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
