// The events of the bench: about 310 bytes of CloudEvent each, every field a function of the event's number, so that whoever
// made them knows the sums without asking anybody.

const idWidth = 12;
export const subjects = 1_000;
export const models = 8;
const users = 20_000;
const hours = 720; // thirty days
const hourMs = 3_600_000;

/** Thousandths: one to ten, never ending in a zero, so that the number is written in one way only. */
const amounts = 8_100;
const amountOf = (n) => {
  const k = n % amounts;
  return 1_000 + Math.floor(k / 9) * 10 + (k % 9) + 1;
};
const mixed = (n) => Math.imul(n + 1, 2_654_435_761) >>> 0;

/** Counts events and adds up their amounts, in thousandths and therefore exactly. */
export class Tally {
  events = 0;
  thousandths = 0;

  add(first, count) {
    this.events += count;
    for (let n = first; n < first + count; n += 1) this.thousandths += amountOf(n);
  }

  addAll(other) {
    this.events += other.events;
    this.thousandths += other.thousandths;
  }

  get sum() {
    return decimalText(this.thousandths);
  }
}

/** Thousandths as a decimal without zeros at its end. */
export function decimalText(thousandths) {
  const text = (thousandths / 1000).toFixed(3);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const places = [
  ['id', 'i'.repeat(idWidth)],
  ['subject', 'ssss'],
  ['time', 'tttttttttttttttttttt'],
  ['amount', 'a.aaa'],
  ['model', 'mm'],
  ['user', 'uuuuu'],
];

function writeDigits(bytes, at, width, value) {
  let rest = value;
  for (let digit = at + width - 1; digit >= at; digit -= 1) {
    bytes[digit] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Numbers events within one run; ids of two runs never meet. */
export class UsageSource {
  #next = 0;

  constructor(run, { type = 'prompt', nowMs = Date.now() } = {}) {
    this.run = run;
    this.type = type;
    const firstHourMs = Math.floor(nowMs / hourMs) * hourMs - hours * hourMs;
    this.times = Array.from({ length: hours }, (_, at) =>
      Buffer.from(`${new Date(firstHourMs + at * hourMs).toISOString().slice(0, 19)}Z`),
    );
    this.fromMs = firstHourMs;
    this.toMs = firstHourMs + hours * hourMs;
  }

  /** Takes `count` numbers; gives the first. */
  take(count) {
    const first = this.#next;
    this.#next += count;
    return first;
  }

  /** What the event with this number says, for those who do not send text. */
  at(n) {
    const h = mixed(n);
    return {
      id: `${this.run}-${String(n).padStart(idWidth, '0')}`,
      source: 'bench',
      type: this.type,
      subject: `customer-${String(h % subjects).padStart(4, '0')}`,
      time: this.times[(h >>> 7) % hours].toString('latin1'),
      data:
        `{"amount":${decimalText(amountOf(n))},"model":"model-${String((h >>> 10) % models).padStart(2, '0')}",` +
        `"user":"user-${String((h >>> 11) % users).padStart(5, '0')}","kind":"output","path":"/api/v1/chat","region":"eu-west-1"}`,
    };
  }

  /** A body of `batch` events whose varying places are written over again for every request. */
  template(batch) {
    const event =
      `{"specversion":"1.0","id":"${this.run}-${places[0][1]}","source":"bench","type":"${this.type}",` +
      `"subject":"customer-ssss","time":"${places[2][1]}","datacontenttype":"application/json",` +
      `"data":{"amount":a.aaa,"model":"model-mm","user":"user-uuuuu","kind":"output","path":"/api/v1/chat",` +
      `"region":"eu-west-1"}}`;
    const at = Object.fromEntries(places.map(([name, marker]) => [name, event.indexOf(marker)]));
    const one = batch === 1;
    return {
      batch,
      at,
      stride: event.length + 1,
      start: one ? 0 : 1,
      contentType: one ? 'application/cloudevents+json' : 'application/cloudevents-batch+json',
      text: one ? event : `[${Array.from({ length: batch }, () => event).join(',')}]`,
    };
  }

  /** Writes events `first`… into `bytes`, which holds the template's text from `offset` on. */
  write(template, bytes, offset, first) {
    const { at, stride, start, batch } = template;
    let base = offset + start;
    for (let n = first; n < first + batch; n += 1) {
      const h = mixed(n);
      writeDigits(bytes, base + at.id, idWidth, n);
      writeDigits(bytes, base + at.subject, 4, h % subjects);
      this.times[(h >>> 7) % hours].copy(bytes, base + at.time);
      const amount = amountOf(n);
      bytes[base + at.amount] = 48 + Math.floor(amount / 1000);
      writeDigits(bytes, base + at.amount + 2, 3, amount % 1000);
      writeDigits(bytes, base + at.model, 2, (h >>> 10) % models);
      writeDigits(bytes, base + at.user, 5, (h >>> 11) % users);
      base += stride;
    }
  }
}
