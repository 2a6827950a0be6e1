/** The timers that every site has, as people call them; a site's own timers follow, in milliseconds. */

export type Unit = "ms" | "";

export interface Timer {
  readonly name: string;
  /** Short form for tiles, long form for headings. */
  readonly short: string;
  readonly long: string;
  readonly unit: Unit;
}

const STANDARD: readonly Timer[] = [
  { name: "lcp", short: "LCP", long: "Largest Contentful Paint", unit: "ms" },
  { name: "inp", short: "INP", long: "Interaction to Next Paint", unit: "ms" },
  { name: "cls", short: "CLS", long: "Cumulative Layout Shift", unit: "" },
  { name: "fcp", short: "FCP", long: "First Contentful Paint", unit: "ms" },
  { name: "ttfb", short: "TTFB", long: "Time to First Byte", unit: "ms" },
  { name: "dcl", short: "DCL", long: "DOMContentLoaded", unit: "ms" },
  { name: "load", short: "Load", long: "Load event", unit: "ms" },
];

/** The timers with good / needs-improvement / poor shares, in the order of the tiles. */
export const VITALS: readonly Timer[] = STANDARD.slice(0, 5);

export const DEFAULT_TIMER = "lcp";

/** The timer of a name; a name that is not standard is the site's own. */
export function timerOf(name: string): Timer {
  return (
    STANDARD.find((timer) => timer.name === name) ?? { name, short: name, long: name, unit: "ms" }
  );
}

/** Every timer of a site: the standard ones, then its own. */
export function timersOf(own: readonly string[]): Timer[] {
  return [...STANDARD, ...own.map(timerOf)];
}

/** A timer's heading: "LCP, Largest Contentful Paint", or the name of a site's own. */
export function fullName(timer: Timer): string {
  return timer.short === timer.long ? timer.long : `${timer.short}, ${timer.long}`;
}
