import type { DataSource } from 'typeorm';

export interface JournalHead {
  /** Grows with every append; two equal readings mean that nothing was committed between them. */
  readonly facts: string;
  /** Facts the relay has not yet told. */
  readonly untold: number;
}

/** How far the relay has come. Virtual time waits for it; the metrics show it. */
export async function readJournalHead(source: DataSource, relay: string): Promise<JournalHead> {
  const [row] = await source.query<{ facts: string; untold: number }[]>(
    `SELECT coalesce((SELECT max(position) FROM journal), 0)::text AS facts,
            (SELECT count(*)::int FROM journal j WHERE (j.xid, j.position) > (
               coalesce((SELECT xid FROM relay_checkpoints WHERE relay = $1), '0'::xid8),
               coalesce((SELECT position FROM relay_checkpoints WHERE relay = $1), 0))) AS untold`,
    [relay],
  );
  return { facts: row?.facts ?? '0', untold: row?.untold ?? 0 };
}
