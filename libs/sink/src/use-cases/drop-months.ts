import type { MonthDrop, RetainedTable, RetentionCutoff } from '../core/retention.js';

// A run ends soon, so that nobody waits long for the lock around it; the next run goes on.
const monthsMax = 12;
// A merge may take parts away while we look; in an old month that is rare.
const looksMax = 3;

/**
 * Lets the months before the cutoff leave the table, oldest first. Marks are written before anything leaves, and who leaves is
 * decided row by row against constants: killed anywhere, the next run does the rest.
 */
export async function dropMonths(table: RetainedTable, cutoff: RetentionCutoff): Promise<MonthDrop[]> {
  const dropped: MonthDrop[] = [];
  for (const month of (await table.months(cutoff.month)).slice(0, monthsMax)) {
    dropped.push(await dropMonth(table, month));
  }
  return dropped;
}

async function dropMonth(table: RetainedTable, month: number): Promise<MonthDrop> {
  let rows = 0;
  let held = 0;
  for (let look = 0; look < looksMax; look += 1) {
    const parts = await table.census(month);
    held = parts.reduce((sum, part) => sum + part.rows - part.leaving, 0);
    const leaving = parts.filter((part) => part.leaving > 0);
    if (leaving.length === 0) break;
    await table.keepMarks(month);
    let missed = false;
    for (const part of leaving.filter((one) => one.leaving === one.rows)) {
      if ((await table.dropPart(part.name)) === 'dropped') rows += part.rows;
      else missed = true;
    }
    const mixed = leaving.filter((one) => one.leaving < one.rows);
    if (mixed.length > 0) {
      await table.deleteLeaving(month);
      rows += mixed.reduce((sum, part) => sum + part.leaving, 0);
    }
    if (!missed) break;
  }
  return { month, rows, held };
}
