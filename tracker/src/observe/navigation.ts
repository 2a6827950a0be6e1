/**
 * The navigation itself: how the page was reached, and its first byte, DOMContentLoaded and load.
 *
 * Times are milliseconds since the navigation started or, for a prerendered page, since its activation
 * (0 for what happened before), as web-vitals counts too. `dcl` and `load` are when those events fired.
 */
import type { NavigationType, Timers } from "../beacon.ts";

/** How this document was reached. */
export function navigationType(entry = navigationEntry()): NavigationType {
  if (activationStart(entry) > 0) return "prerender";
  if (document.wasDiscarded) return "restore";
  return (entry?.type.replace("_", "-") ?? "navigate") as NavigationType;
}

/** When the visitor began to see this document, on the page's clock: above 0 for a prerendered one. */
export function activationStart(entry = navigationEntry()): number {
  return entry?.activationStart ?? 0;
}

/** Those of ttfb, dcl and load that are known by now. */
export function navigationTimers(entry = navigationEntry(), now = performance.now()): Timers {
  const timers: Record<string, number> = {};
  if (!entry) return timers;
  const times = {
    ttfb: entry.responseStart,
    dcl: entry.domContentLoadedEventStart,
    load: entry.loadEventStart,
  };
  for (const [name, time] of Object.entries(times)) {
    // Browsers give 0 for what has not happened or is kept secret, and with bugs times that are negative
    // or to come: https://github.com/GoogleChrome/web-vitals/issues/137, 162, 275
    if (time > 0 && time <= now) timers[name] = Math.max(time - activationStart(entry), 0);
  }
  return timers;
}

function navigationEntry(): PerformanceNavigationTiming | undefined {
  return performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;
}
