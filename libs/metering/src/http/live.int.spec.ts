import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@ledgerline/testkit';
import { once } from 'node:events';
import { type ClientRequest, get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { MeteringWorld } from '../../test/metering-world.js';
import { WATCH_METER } from '../tokens.js';
import type { WatchMeter } from '../use-cases/watch-meter.js';

// A world of engines takes seconds to open on a busy machine.
jest.setTimeout(60_000);

interface Sent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: any;
  readonly comment?: string;
}

function parse(block: string): Sent {
  const fields = block.split('\n').map((line): [string, string] => {
    const cut = line.indexOf(':');
    return [line.slice(0, cut) || 'comment', line.slice(cut + 1).trim()];
  });
  const { data, ...rest } = Object.fromEntries(fields);
  return data === undefined ? rest : { ...rest, data: JSON.parse(data) };
}

/** A client on a connection of its own that reads what comes, as it comes. */
class Listener {
  readonly seen: Sent[] = [];
  isOver = false;

  private constructor(
    private readonly request: ClientRequest,
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
  ) {}

  static async open(
    world: MeteringWorld,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Listener> {
    const request = get(`${world.url}/api/ledgerline/v1/meters/${path}`, { headers, agent: false });
    // Leaving in the middle is what a listener does.
    request.on('error', () => undefined);
    const [reply] = (await once(request, 'response')) as [IncomingMessage];
    const listener = new Listener(request, reply.statusCode ?? 0, reply.headers);
    listener.read(reply);
    return listener;
  }

  leave(): void {
    this.request.destroy();
  }

  usage(): any[] {
    return this.seen.filter(({ event }) => event === 'usage').map(({ data }) => data);
  }

  async until(what: string, test: () => boolean): Promise<void> {
    await eventually(() => test(), { what, deadlineMs: 20_000 });
  }

  private read(reply: IncomingMessage): void {
    let text = '';
    reply.setEncoding('utf8');
    reply.on('data', (chunk: string) => {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      if (this.status === 200) this.seen.push(...blocks.map(parse));
    });
    reply.on('end', () => {
      this.isOver = true;
    });
    reply.on('error', () => undefined);
  }
}

describe('GET /api/ledgerline/v1/meters/{meterIdOrSlug}/live', () => {
  let world: MeteringWorld;
  let watch: WatchMeter;
  const at = { time: '2025-06-10T00:00:30Z' };
  beforeAll(async () => {
    world = await MeteringWorld.open();
    watch = world.app.get<WatchMeter>(WATCH_METER);
    await world.createMeter({
      slug: 'm',
      eventType: 'usage',
      aggregation: 'SUM',
      valueProperty: '$.n',
      groupBy: { model: '$.model' },
    });
  });
  afterAll(() => world.close());

  it('sends the value at once, and again when it has changed, exact', async () => {
    const listener = await Listener.open(world, 'm/live');
    expect([listener.status, listener.headers['content-type']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    await listener.until('the first value', () => listener.usage().length === 1);
    expect(listener.seen[0]).toEqual({ retry: '2000' });
    expect(listener.usage()[0]).toMatchObject({ slug: 'm', rows: [] });
    await world.store([{ ...at, subject: 'live', dataText: '{"n":"0.1234567890123456789"}' }]);
    await listener.until('the change', () => listener.usage().length === 2);
    expect(listener.usage()[1].rows).toEqual([
      {
        value: '0.1234567890123456789',
        windowStart: '2025-06-10T00:00:00Z',
        windowEnd: '2025-06-10T00:01:00Z',
        subject: null,
        groupBy: {},
      },
    ]);
    listener.leave();
    await listener.until('the stream to be forgotten', () => watch.streams === 0 && watch.asked === 0);
  });

  it('tells subjects, groups and windows apart', async () => {
    await world.store([
      { ...at, subject: 'a', data: { n: 1, model: 'x' } },
      { ...at, subject: 'b', data: { n: 2, model: 'y' } },
    ]);
    const query =
      'subject=a&subject=b&groupBy=model&windowSize=DAY&filterGroupBy[model]=y&from=2025-06-01T00:00:00Z';
    const listener = await Listener.open(world, `m/live?${query}`);
    await listener.until('the first value', () => listener.usage().length === 1);
    expect(listener.usage()[0].rows).toEqual([
      {
        value: '2',
        windowStart: '2025-06-10T00:00:00Z',
        windowEnd: '2025-06-11T00:00:00Z',
        subject: 'b',
        groupBy: { model: 'y' },
      },
    ]);
    listener.leave();
  });

  it('asks the store once for all who ask the same, and says nothing twice to who comes back', async () => {
    const listeners = await Promise.all(
      Array.from({ length: 8 }, () => Listener.open(world, 'm/live?subject=shared')),
    );
    for (const one of listeners) await one.until('the first value', () => one.usage().length === 1);
    expect([watch.streams, watch.asked]).toEqual([8, 1]);
    const [{ id } = {}] = listeners[0]!.seen.filter(({ event }) => event === 'usage');
    const back = await Listener.open(world, 'm/live?subject=shared', { 'last-event-id': id ?? '' });
    await back.until('a sign of life', () => back.seen.length === 2);
    expect(back.seen[1]).toEqual({ comment: 'unchanged' });
    await world.store([{ ...at, subject: 'shared', data: { n: 5 } }]);
    for (const one of [...listeners, back]) {
      await one.until('the change', () => one.usage().at(-1)?.rows[0]?.value === '5');
    }
    expect(back.usage()).toHaveLength(1);
    for (const one of [...listeners, back]) one.leave();
    await back.until('the streams to be forgotten', () => watch.streams === 0 && watch.asked === 0);
  });

  it.each([
    ['m/live?groupBy=nothing', 400],
    ['m/live?windowSize=SECOND', 400],
    ['m/live?windowTimeZone=Nowhere', 400],
    ['nothing/live', 404],
  ])('refuses %s before anything is sent', async (path, status) => {
    const listener = await Listener.open(world, path);
    expect(listener.status).toBe(status);
    expect(listener.headers['content-type']).toBe('application/problem+json');
    expect([watch.streams, watch.asked]).toEqual([0, 0]);
  });

  it('takes no more than 32 of a namespace, and a place that is left again', async () => {
    const listeners = await Promise.all(Array.from({ length: 32 }, () => Listener.open(world, 'm/live')));
    expect(listeners.map(({ status }) => status)).toEqual(Array(32).fill(200));
    const refused = await Listener.open(world, 'm/live');
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2']);
    listeners[0]!.leave();
    await refused.until('a place', () => watch.streams === 31);
    const another = await Listener.open(world, 'm/live');
    expect(another.status).toBe(200);
    for (const one of [...listeners, another]) one.leave();
    await refused.until('all to be gone', () => watch.streams === 0);
  });

  it('ends with the process, which does not wait for listeners', async () => {
    const other = await MeteringWorld.open();
    await other.createMeter({ slug: 'm', eventType: 'usage', aggregation: 'COUNT' });
    const listener = await Listener.open(other, 'm/live');
    await listener.until('the first value', () => listener.usage().length === 1);
    await other.close();
    await listener.until('the end', () => listener.isOver);
  });
});
