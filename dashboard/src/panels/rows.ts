/**
 * From the API's answers to the rows that a panel draws: plain objects with one field per column.
 * Time is in ms since 1970. In a series over time every bucket of the range has a row for every group, so
 * that a line breaks where there is nothing: counts are 0 there, everything else is null.
 */
import type { HistogramResult, QueryResult } from "../api.ts";
import { densitySteps, type Scale, type Series } from "../density.ts";
import { EVERYBODY } from "../groups.ts";
import type { QuerySource } from "./resolve.ts";

export type Row = Readonly<Record<string, string | number | boolean | null>>;

const BUCKET_MS: Readonly<Record<string, number>> = {
  "time:minute": 60_000,
  "time:hour": 3_600_000,
  "time:day": 86_400_000,
};

/** Additive metrics: where nothing happened they are 0, not unknown. */
const COUNTS =
  /^(impressions|loads|beacons|events|errors|sessions|bounces|conversions|orders|revenue|.*\.count)$/;

/** Enough to draw; beyond it a gap stays a gap without a row. */
const MAX_BUCKETS = 5_000;

/** `asked` are the dimensions of the answer; `now` is in ms. A row whose bucket is not over is `running`. */
export function queryRows(
  source: QuerySource,
  asked: readonly string[],
  result: QueryResult,
  now: number,
): Row[] {
  const rows = result.results.map(({ dimensions, metrics }) => {
    const row: Record<string, string | number | null> = { group: EVERYBODY };
    asked.forEach((name, index) => {
      const value = dimensions[index] ?? null;
      row[dimensionField(name)] = name in BUCKET_MS ? Date.parse(String(value)) : value;
    });
    source.fields.forEach((field, index) => {
      row[field] = metrics[index] ?? null;
    });
    return row;
  });
  const bucket = asked.find((name) => name in BUCKET_MS);
  if (!bucket || rows.length === 0) return rows;
  const step = BUCKET_MS[bucket] as number;
  const times = bucketTimes(rows, step, result.query.date_range);
  return withoutGaps(rows, source, times).map((row) => ({
    ...row,
    running: Number(row.time) + step > now,
  }));
}

function dimensionField(name: string): string {
  return name.startsWith("time:") ? "time" : name;
}

/** The start of every bucket of the range; "all time", which begins in 1970, has those with data only. */
function bucketTimes(
  rows: readonly Row[],
  step: number,
  range: readonly [string, string],
): number[] {
  const known = rows.map(({ time }) => Number(time));
  const start = Math.floor(Date.parse(range[0]) / step) * step;
  const first = start > 0 ? start : Math.min(...known);
  const last = start > 0 ? Date.parse(range[1]) - 1 : Math.max(...known);
  const buckets = Math.floor((last - first) / step) + 1;
  if (buckets > MAX_BUCKETS) return [...new Set(known)];
  return Array.from({ length: buckets }, (_, index) => first + index * step);
}

function withoutGaps(rows: readonly Row[], source: QuerySource, times: readonly number[]): Row[] {
  const empty = Object.fromEntries(
    source.fields.map((field, index) => [
      field,
      COUNTS.test(source.metrics[index] ?? "") ? 0 : null,
    ]),
  );
  const known = new Map(rows.map((row) => [`${row.time} ${row.group}`, row]));
  const groups = [...new Set(rows.map(({ group }) => String(group)))];
  return times.flatMap((time) =>
    groups.map((group) => known.get(`${time} ${group}`) ?? { time, group, ...empty }),
  );
}

/** One row per step of each group's density. */
export function densityRows(result: HistogramResult, scale: Scale): Row[] {
  const steps = densitySteps(namedSeries(result), scale, result.unit === "ms" ? 1 : 1 / 1000);
  return steps.map((step) => ({ ...step }));
}

/** One row per group: count, mean and its quantiles. */
export function quantileRows(result: HistogramResult): Row[] {
  return result.series.map(({ group, count, mean, quantiles }) => ({
    group: group ?? EVERYBODY,
    count,
    mean,
    ...quantiles,
  }));
}

export function namedSeries(result: HistogramResult): Series[] {
  return result.series.map(({ group, count, cells }) => ({
    group: group ?? EVERYBODY,
    count,
    cells,
  }));
}
