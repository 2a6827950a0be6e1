/** Asks what a panel needs for the view of its page, and gives the rows by the names of its data. */
import { askHistogram, askQuery } from "../requests.ts";
import type { View } from "../view.ts";
import type { HistogramSource, QuerySource, Source } from "./resolve.ts";
import { densityRows, quantileRows, queryRows, type Row } from "./rows.ts";

export type Rows = Readonly<Record<string, readonly Row[]>>;

/** The most rows that one query may answer with. */
export const ROW_LIMIT = 10_000;

export async function loadRows(
  sources: Readonly<Record<string, Source>>,
  view: View,
  tick: number,
): Promise<Rows> {
  const entries = Object.entries(sources).map(
    async ([name, source]) => [name, await sourceRows(source, view, tick)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

function sourceRows(source: Source, view: View, tick: number): Promise<Row[]> {
  return source.kind === "query"
    ? fromQuery(source, view, tick)
    : fromHistogram(source, view, tick);
}

async function fromQuery(source: QuerySource, view: View, tick: number): Promise<Row[]> {
  // Without a test there is nothing to compare: everybody is one group.
  const dimensions = source.dimensions.filter((name) => name !== "group" || view.test !== null);
  const request = {
    ...view.selection,
    metrics: source.metrics,
    dimensions,
    pagination: { limit: ROW_LIMIT },
  };
  return queryRows(source, dimensions, await askQuery(request, tick), Date.now());
}

async function fromHistogram(source: HistogramSource, view: View, tick: number): Promise<Row[]> {
  const result = await askHistogram(histogramRequest(view, source.timer), tick);
  return source.rows === "density" ? densityRows(result, source.scale) : quantileRows(result);
}

/** The histogram of a timer by the groups of the view. */
export function histogramRequest(view: View, timer: string) {
  return { ...view.selection, timer, by: view.test ? ("group" as const) : null };
}
