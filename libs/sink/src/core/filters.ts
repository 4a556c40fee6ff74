// Answers "never seen" for almost every new event without asking the table. A filter may say "perhaps" wrongly, which
// costs one exact look-up; it never says "never seen" wrongly, because every stored event was added.

const bitsPerKey = 16; // about one false "perhaps" in a thousand
const wordsPerBlock = 8; // one key touches one block of 256 bits: one cache line
const bitsPerBlock = wordsPerBlock * 32;
const twoTo32 = 4_294_967_296;
// Odd multipliers that pick one bit in each of the eight words (split block Bloom filter, as in the Parquet format).
const salts = Uint32Array.of(
  0x47b6137b,
  0x44974d91,
  0x8824ad5b,
  0xa2b7289d,
  0x705495c7,
  0x2df1424b,
  0x9efc4947,
  0x5c6bfb31,
);

export const keysOfFirstFilter = 4096; // 8 KiB: a quiet partition costs next to nothing
const growth = 8; // a busy week ends with five filters to ask, not fifty
const keysPerFilterMax = 16_777_216; // 32 MiB: one allocation stays short

const bytesFor = (keys: number): number => Math.ceil((keys * bitsPerKey) / bitsPerBlock) * wordsPerBlock * 4;

/** One filter of a fixed size. Keys are 64-bit hashes, given as two unsigned halves. */
export class BloomFilter {
  private readonly words: Uint32Array;
  private readonly blocks: number;
  private added = 0;

  constructor(readonly capacity: number) {
    this.words = new Uint32Array(bytesFor(capacity) / 4);
    this.blocks = this.words.length / wordsPerBlock;
  }

  get keys(): number {
    return this.added;
  }

  get bytes(): number {
    return this.words.byteLength;
  }

  mightHold(high: number, low: number): boolean {
    const { words } = this;
    const block = Math.floor((high * this.blocks) / twoTo32) * wordsPerBlock;
    for (let i = 0; i < wordsPerBlock; i += 1) {
      const bit = 1 << (Math.imul(low, salts[i] as number) >>> 27);
      if (((words[block + i] as number) & bit) === 0) return false;
    }
    return true;
  }

  add(high: number, low: number): void {
    const { words } = this;
    const block = Math.floor((high * this.blocks) / twoTo32) * wordsPerBlock;
    for (let i = 0; i < wordsPerBlock; i += 1) {
      words[block + i] = (words[block + i] as number) | (1 << (Math.imul(low, salts[i] as number) >>> 27));
    }
    this.added += 1;
  }
}

interface Week {
  readonly number: number;
  readonly filters: BloomFilter[];
}

export interface FilterUse {
  readonly bytes: number;
  readonly keys: number;
  /** Keys beyond what the filters are sized for: answers stay right, but more of them need the table. */
  readonly keysOverBudget: number;
}

/** The filters of all partitions this sink holds, one chain per partition and week. */
export class DedupeFilters {
  private readonly partitions = new Map<number, Week[]>();
  private bytes = 0;

  /** A week is forgotten once it is `weeksKept` older than the newest one. */
  constructor(
    private readonly bytesMax: number,
    private readonly weeksKept: number,
  ) {}

  /** True when an event with this fingerprint may have come before; adds it in any case. */
  seen(partition: number, week: number, high: number, low: number): boolean {
    const weeks = this.weeksOf(partition);
    let seen = false;
    for (const { filters } of weeks) {
      for (const filter of filters) {
        if (filter.mightHold(high, low)) {
          seen = true;
          break;
        }
      }
    }
    this.add(partition, week, high, low);
    return seen;
  }

  add(partition: number, week: number, high: number, low: number): void {
    const { filters } = this.weekOf(partition, week);
    let last = filters[filters.length - 1];
    if (last === undefined || last.keys >= last.capacity) last = this.grow(filters, last);
    if (!last.mightHold(high, low)) last.add(high, low);
  }

  /** Makes one filter of the right size before a known number of keys is loaded. */
  reserve(partition: number, week: number, keys: number): void {
    const size = Math.max(keys, keysOfFirstFilter);
    if (this.bytes + bytesFor(size) > this.bytesMax) return;
    this.push(this.weekOf(partition, week).filters, size);
  }

  forgetPartition(partition: number): void {
    for (const week of this.partitions.get(partition) ?? []) this.release(week);
    this.partitions.delete(partition);
  }

  use(): FilterUse {
    let keys = 0;
    let keysOverBudget = 0;
    for (const weeks of this.partitions.values()) {
      for (const { filters } of weeks) {
        for (const filter of filters) {
          keys += filter.keys;
          keysOverBudget += Math.max(0, filter.keys - filter.capacity);
        }
      }
    }
    return { bytes: this.bytes, keys, keysOverBudget };
  }

  /** Over budget the last filter is filled beyond its size: dearer answers, never wrong ones. */
  private grow(filters: BloomFilter[], last: BloomFilter | undefined): BloomFilter {
    const size = last === undefined ? keysOfFirstFilter : Math.min(last.capacity * growth, keysPerFilterMax);
    if (last !== undefined && this.bytes + bytesFor(size) > this.bytesMax) return last;
    return this.push(filters, size);
  }

  private push(filters: BloomFilter[], keys: number): BloomFilter {
    const filter = new BloomFilter(keys);
    filters.push(filter);
    this.bytes += filter.bytes;
    return filter;
  }

  private release(week: Week): void {
    for (const filter of week.filters) this.bytes -= filter.bytes;
  }

  private weeksOf(partition: number): Week[] {
    let weeks = this.partitions.get(partition);
    if (weeks === undefined) {
      weeks = [];
      this.partitions.set(partition, weeks);
    }
    return weeks;
  }

  private weekOf(partition: number, week: number): Week {
    const weeks = this.weeksOf(partition);
    for (let i = weeks.length - 1; i >= 0; i -= 1) {
      const held = weeks[i];
      if (held?.number === week) return held;
    }
    const made: Week = { number: week, filters: [] };
    const kept = weeks.filter(({ number }) => number >= week - this.weeksKept);
    for (const old of weeks) if (!kept.includes(old)) this.release(old);
    this.partitions.set(partition, [...kept, made]);
    return made;
  }
}
