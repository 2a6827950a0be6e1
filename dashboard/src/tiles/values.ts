/** The figures of every tile: one query, read by group and metric. */
import type { QueryRequest, QueryResult } from "../api.ts";
import { EVERYBODY } from "../groups.ts";
import { VITALS } from "../timers.ts";
import type { View } from "../view.ts";

const VITAL_FIGURES = ["p75", "mean", "count", "good", "needs_improvement", "poor"];

export const TILE_METRICS: readonly string[] = [
  ...["impressions", "sessions", "conversion_rate", "revenue_per_session", "beacon_loss"],
  ...VITALS.flatMap(({ name }) => VITAL_FIGURES.map((figure) => `${name}.${figure}`)),
];

export type Values = (group: string, metric: string) => number | null;

export function tileRequest(view: View): QueryRequest {
  return { ...view.selection, metrics: TILE_METRICS, dimensions: view.test ? ["group"] : [] };
}

/** Looks a metric of a group up; null for a group without any impression. */
export function tileValues(result: QueryResult): Values {
  const byGroup = new Map(
    result.results.map(({ dimensions, metrics }) => [dimensions[0] ?? EVERYBODY, metrics]),
  );
  return (group, metric) => byGroup.get(group)?.[TILE_METRICS.indexOf(metric)] ?? null;
}

/** The groups that have impressions. */
export function groupsIn(result: QueryResult): string[] {
  return result.results.flatMap(({ dimensions }) => dimensions.slice(0, 1).map((one) => one ?? ""));
}
