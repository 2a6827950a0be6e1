/**
 * Cell edges of the histogram scheme `ll32-v1`: 32 cells per octave, octaves at 100 * 2^k ms, each
 * (lower, upper]. Needed for the cells that hold nothing: the API sends only those that hold something.
 */

export const SCHEME = "ll32-v1";
export const CELLS = 544;
/** The cell of exact zeros, and the one of values above 102.4 s. */
export const ZERO = -1;
export const OVERFLOW = 544;

const TICKS_PER_MS = 2048 / 100;

/** Lower edge of cell 0..544 in ms; `lowerEdge(i + 1)` is the upper edge of cell i. */
export function lowerEdge(cell: number): number {
  if (cell < 64) return cell / TICKS_PER_MS;
  return (((cell & 31) | 32) << ((cell >> 5) - 1)) / TICKS_PER_MS;
}
