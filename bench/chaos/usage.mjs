// What the driver sends, and what the meters must show for it: reckoned from the driver's own list, in whole billionths.
import { decimal } from '@ledgerline/kernel';

const hourMs = 3_600_000;
const subjects = 7;
const users = 50;
const sources = ['api-eu', 'api-us', 'batch'];
const amountMaxNano = 1e12; // a thousand, with nine digits behind the point
const lateShare = 0.05;
const lateMaxMs = hourMs;
const levelShare = 0.1;

/** Every aggregation there is. */
export const meters = [
  { slug: 'chaos_count', eventType: 'chaos', aggregation: 'COUNT' },
  { slug: 'chaos_sum', eventType: 'chaos', aggregation: 'SUM', valueProperty: '$.amount' },
  { slug: 'chaos_avg', eventType: 'chaos', aggregation: 'AVG', valueProperty: '$.amount' },
  { slug: 'chaos_min', eventType: 'chaos', aggregation: 'MIN', valueProperty: '$.amount' },
  { slug: 'chaos_max', eventType: 'chaos', aggregation: 'MAX', valueProperty: '$.amount' },
  { slug: 'chaos_users', eventType: 'chaos', aggregation: 'UNIQUE_COUNT', valueProperty: '$.user' },
  // A type of its own: of two events in one second the latest is the one that arrived last, which a driver cannot know.
  { slug: 'chaos_level', eventType: 'chaos-level', aggregation: 'LATEST', valueProperty: '$.amount' },
];

export const nanoText = (nano) =>
  `${nano / 1_000_000_000n}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}`;
export const keyOf = ({ source, id }) => `${source} ${id}`;

/** Makes events; no two of a run have the same identity. */
export class EventMaker {
  #random;
  #run;
  #made = 0;
  #levels = new Set();

  constructor(random, run) {
    this.#random = random;
    this.#run = run;
  }

  get made() {
    return this.#made;
  }

  /** `padding` makes it larger without changing what it counts. */
  make(padding = 0) {
    const random = this.#random;
    this.#made += 1;
    const lateMs = random() < lateShare ? Math.floor(random() * lateMaxMs) : 0;
    const event = {
      id: `${this.#run}-${this.#made}`,
      source: sources[this.#made % sources.length],
      type: 'chaos',
      subject: `customer-${this.#made % subjects}`,
      seconds: Math.floor((Date.now() - lateMs) / 1000),
      nano: BigInt(Math.floor(random() * amountMaxNano)),
      user: `user-${Math.floor(random() * users)}`,
    };
    if (random() < levelShare) this.#asLevel(event);
    const text = nanoText(event.nano);
    // Both ways in which a number can be sent; very small ones would be written with an exponent.
    const amount = event.nano >= 1_000_000_000n && random() < 0.5 ? text : `"${text}"`;
    const pad = padding > 0 ? `,"padding":"${'x'.repeat(padding)}"` : '';
    event.json =
      `{"specversion":"1.0","id":"${event.id}","source":"${event.source}","type":"${event.type}",` +
      `"subject":"${event.subject}","time":"${new Date(event.seconds * 1000).toISOString()}",` +
      `"data":{"amount":${amount},"user":"${event.user}"${pad}}}`;
    return event;
  }

  #asLevel(event) {
    const place = `${event.subject} ${event.seconds}`;
    if (this.#levels.has(place)) return;
    this.#levels.add(place);
    event.type = 'chaos-level';
  }
}

/** What was acknowledged, and what follows from it. */
export class Expected {
  #events = new Map();
  #cells = new Map();
  #sums = new Map();
  /** Records that no reader of the topic can read; each must become one row. */
  unreadable = 0;

  get size() {
    return this.#events.size;
  }

  has(key) {
    return this.#events.has(key);
  }

  keys() {
    return this.#events.keys();
  }

  add(event) {
    const key = keyOf(event);
    if (this.#events.has(key)) return;
    this.#events.set(key, event.type);
    if (event.nano === undefined) return;
    this.#sums.set(event.source, (this.#sums.get(event.source) ?? 0n) + event.nano);
    const hour = Math.floor((event.seconds * 1000) / hourMs) * hourMs;
    const place = `${event.type} ${hour} ${event.subject}`;
    let cell = this.#cells.get(place);
    if (cell === undefined) {
      cell = { type: event.type, hour, subject: event.subject, count: 0, sum: 0n, users: new Set() };
      this.#cells.set(place, cell);
    }
    cell.count += 1;
    cell.sum += event.nano;
    cell.users.add(event.user);
    if (cell.min === undefined || event.nano < cell.min) cell.min = event.nano;
    if (cell.max === undefined || event.nano > cell.max) cell.max = event.nano;
    if (cell.latestAt === undefined || event.seconds > cell.latestAt) {
      cell.latestAt = event.seconds;
      cell.latest = event.nano;
    }
  }

  /** Exact sums of what was sent, by source. */
  sums() {
    return new Map([...this.#sums].map(([source, nano]) => [source, decimal(nanoText(nano)).toFixed()]));
  }

  /** `hour subject` → value, as the API must answer it: a double is all the contract holds. */
  cellsOf(meter) {
    const cells = new Map();
    for (const cell of this.#cells.values()) {
      if (cell.type === meter.eventType)
        cells.set(`${new Date(cell.hour).toISOString()} ${cell.subject}`, valueOf(meter.aggregation, cell));
    }
    return cells;
  }
}

function valueOf(aggregation, cell) {
  switch (aggregation) {
    case 'COUNT':
      return cell.count;
    case 'UNIQUE_COUNT':
      return cell.users.size;
    case 'SUM':
      return Number(nanoText(cell.sum));
    case 'MIN':
      return Number(nanoText(cell.min));
    case 'MAX':
      return Number(nanoText(cell.max));
    case 'LATEST':
      return Number(nanoText(cell.latest));
    default:
      return decimal(nanoText(cell.sum)).dividedBy(cell.count).toDecimalPlaces(19).toNumber();
  }
}
