/**
 * Histograms as densities. Enters: one histogram per group, in cells of `ll32-v1`, whose widths differ.
 * Leaves: steps over edges common to all groups; within a group, density times width sums to the share
 * of its values that is drawn. Exact zeros have no width and the overflow cell has no end: both are
 * left out of the drawing and reported as shares, so that nothing disappears.
 */
import { CELLS, lowerEdge, OVERFLOW, ZERO } from "./ll32.ts";

export type Scale = "log" | "linear";

export interface Cell {
  readonly cell: number;
  readonly count: number;
}

export interface Series {
  readonly group: string;
  readonly count: number;
  readonly cells: readonly Cell[];
}

export interface Step {
  readonly group: string;
  /** Edges in the timer's unit. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly share: number;
  /** Share per unit of time (linear), or per natural-log unit of time (log). */
  readonly density: number;
}

/** What one group's drawing leaves out, as shares of all its values. */
export interface LeftOut {
  readonly group: string;
  readonly zero: number;
  readonly overflow: number;
}

/**
 * Steps of every group, ascending, with a closing step of density 0 at the right end.
 * `unitPerMs` is 1 for times and 1/1000 for CLS, whose 1.0 has the cell of 1,000 ms.
 */
export function densitySteps(series: readonly Series[], scale: Scale, unitPerMs: number): Step[] {
  const edges = commonEdges(series, scale);
  return series.flatMap((one) => stepsOf(one, edges, scale, unitPerMs));
}

export function leftOut(series: readonly Series[]): LeftOut[] {
  return series.map(({ group, count, cells }) => ({
    group,
    zero: count > 0 ? countAt(cells, ZERO) / count : 0,
    overflow: count > 0 ? countAt(cells, OVERFLOW) / count : 0,
  }));
}

function countAt(cells: readonly Cell[], cell: number): number {
  return cells.find((one) => one.cell === cell)?.count ?? 0;
}

/**
 * Cell numbers at which bins begin, and where the last one ends. Neighbouring cells are joined up to a
 * good width; one empty bin on either side shows where a distribution begins and ends.
 */
function commonEdges(series: readonly Series[], scale: Scale): number[] {
  const drawn = series.flatMap(({ cells }) => cells.filter(isDrawn).map(({ cell }) => cell));
  if (drawn.length === 0) return [];
  const [lowest, highest] = [Math.min(...drawn), Math.max(...drawn)];
  // A hair of tolerance: cell widths are exact multiples, their logarithms are not.
  const width = 0.999 * Math.max(...series.map((one) => binWidth(one, scale)));
  const apart = (low: number, high: number) =>
    position(high, scale) - position(low, scale) >= width;
  let first = Math.max(lowest - 1, 0);
  while (first > 0 && !apart(first, lowest)) first -= 1;
  const edges = [first];
  for (let cell = first + 1; cell <= CELLS; cell++) {
    if (apart(edges.at(-1) as number, cell) || cell === CELLS) edges.push(cell);
    if ((edges.at(-2) ?? 0) > highest) break;
  }
  return edges;
}

/** The Freedman-Diaconis width, 2 IQR / n^(1/3), on the drawn scale; at most a quarter of an octave in log time. */
function binWidth({ cells }: Series, scale: Scale): number {
  const drawn = cells.filter(isDrawn);
  const total = drawn.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return 0;
  const spread =
    position(cellAt(drawn, 0.75 * total) + 1, scale) - position(cellAt(drawn, 0.25 * total), scale);
  const width = (2 * spread) / Math.cbrt(total);
  return scale === "log" ? Math.min(width, Math.LN2 / 4) : width;
}

function cellAt(cells: readonly Cell[], rank: number): number {
  let seen = 0;
  for (const { cell, count } of cells) {
    seen += count;
    if (seen >= rank) return cell;
  }
  return cells.at(-1)?.cell ?? 0;
}

function stepsOf(
  series: Series,
  edges: readonly number[],
  scale: Scale,
  unitPerMs: number,
): Step[] {
  const { group, count: total, cells } = series;
  if (total === 0 || edges.length < 2) return [];
  const steps: Step[] = [];
  let next = cells.findIndex(isDrawn);
  for (const [index, start] of edges.slice(0, -1).entries()) {
    const end = edges[index + 1] as number;
    let count = 0;
    for (; next >= 0 && next < cells.length && (cells[next] as Cell).cell < end; next++) {
      count += (cells[next] as Cell).count;
    }
    const [from, to] = [drawnEdge(start, scale) * unitPerMs, drawnEdge(end, scale) * unitPerMs];
    const width = scale === "log" ? Math.log(to / from) : to - from;
    steps.push({ group, from, to, count, share: count / total, density: count / total / width });
  }
  const { to } = steps.at(-1) as Step;
  return [...steps, { group, from: to, to, count: 0, share: 0, density: 0 }];
}

function isDrawn({ cell }: Cell): boolean {
  return cell > ZERO && cell < OVERFLOW;
}

function position(cell: number, scale: Scale): number {
  const edge = drawnEdge(cell, scale);
  return scale === "log" ? Math.log(edge) : edge;
}

/** Cell 0 begins at 0, which has no place in log time: there it is drawn from half its upper edge. */
function drawnEdge(cell: number, scale: Scale): number {
  return cell === 0 && scale === "log" ? lowerEdge(1) / 2 : lowerEdge(cell);
}
