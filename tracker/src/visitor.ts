/**
 * Whether a visitor is new today and new this month, without any identifier.
 *
 * Enters the day of the last visit as this browser keeps it; leaves two booleans that a report can add
 * up to unique visitors. Days and months are UTC, as in the reports.
 */
import type { Visitor } from "./beacon.ts";
import type { Keep } from "./storage.ts";

/** The flags at `now` (epoch ms), each true once per day and month; none where nothing can be kept. */
export function countVisitor(keep: Keep, site: string, now: number): Visitor | undefined {
  const key = `visitor.${site}`;
  const last = keep.read(key);
  const today = new Date(now).toISOString().slice(0, 10);
  // Without storage every page would count as a new visitor.
  return keep.write(key, today)
    ? { newToday: last !== today, newThisMonth: !last.startsWith(today.slice(0, 7)) }
    : undefined;
}
