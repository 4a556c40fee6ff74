/** Every bound of the gateway with its reason; `--max-queries` and `--memory-mb` change the two that depend on the machine. */
export const LIMITS = {
  /** Text of a statement: ClickHouse itself takes 256 KiB by default; VALUES lists need more. */
  queryBytes: 16 << 20,
  /** The head of a request: bound parameters travel in its URL, and a query may name thousands of subjects. */
  headBytes: 1 << 20,
  /** Data of one insert, inflated: above 256 MB ClickHouse would cut it into several parts, and one part is the commit. */
  insertBytes: 256 << 20,
  /** A result is complete on the memory file system before its first byte is sent. */
  resultBytes: 1 << 30,
  /** Statements running in the engine: a few per core keep two cores busy without fighting for memory. */
  runningQueries: 8,
  /** Callers that may wait for a slot, and how long: after that it is honest to say "too many". */
  waitingQueries: 512,
  waitMs: 60_000,
  /** A statement without a limit of its own may not hold a slot for ever. */
  executionSeconds: 120,
  /** Running statements get this long to end after SIGTERM. */
  drainMs: 15_000,
  /** Memory of the engine as a whole, caches included. */
  memoryMb: 4_096,
} as const;
