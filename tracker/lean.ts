/**
 * web-vitals without what a beacon does not carry: its modules enter the build, smaller ones leave.
 *
 * Ratings, deltas, random ids and what is kept for attribution stay out of every visitor's download; the
 * measuring is untouched. Always holds: what a new version of web-vitals has moved away fails the build.
 */
import type { Plugin } from "vite";

const MODULES: Readonly<Record<string, string>> = {
  "lib/bindReporter.js": `
    export const bindReporter = (callback, metric) => {
      let previous;
      return () => {
        if (metric.value >= 0 && metric.value !== previous) {
          previous = metric.value;
          callback(metric);
        }
      };
    };`,
  // An id is compared only with others of the same page.
  "lib/initMetric.js": `
    let count = 0;
    export const initMetric = (
      name, value = -1, navigationType, navigationId, navigationInteractionId, _url, navigationStartTime
    ) => ({
      name, value, id: ++count, navigationType, navigationId, navigationInteractionId, navigationStartTime
    });`,
  "lib/initUnique.js": "export const initUnique = (_options, Manager) => new Manager();",
  // The same in fewer words, for one metric that asks once.
  "lib/polyfills/interactionCountPolyfill.js": `
    import { observe } from "../observe.js";
    let least = Infinity;
    let greatest = 0;
    export const getInteractionCount = () =>
      performance.interactionCount ?? (greatest && (greatest - least) / 7 + 1);
    export const initInteractionCountPolyfill = () => {
      if (performance.interactionCount === undefined)
        observe(["event"], (entries) => {
          for (const { interactionId: id } of entries) {
            if (id) {
              least = Math.min(least, id);
              greatest = Math.max(greatest, id);
            }
          }
        }, { durationThreshold: 0 });
    };`,
  // The same, without a handle to cancel what then does nothing.
  "lib/whenIdleOrHidden.js": `
    export const whenIdleOrHidden = (callback) => {
      if (document.visibilityState === "hidden") return callback();
      let waiting = callback;
      const run = () => {
        removeEventListener("visibilitychange", run, true);
        waiting && waiting();
        waiting = 0;
      };
      addEventListener("visibilitychange", run, true);
      (globalThis.requestIdleCallback || setTimeout)(run, { timeout: 1000 });
    };`,
  // The tracker waits for activation before it measures at all.
  "lib/whenActivated.js": "export const whenActivated = (callback) => callback();",
};

/** Places in the other modules, and what they always are here. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/opts\.reportAllChanges/g, "true"],
  [/\w+\._softNavigationEntryMap/g, "false"],
  [/const (lcp|fcp)EntryManager = .*?;/g, ""],
  [/Thresholds = \[.*?\]/g, "Thresholds = 0"],
  [/ &&\s+opts &&\s+opts\.reportSoftNavs/g, ""],
  [/metric\.navigationURL/g, "0"],
  [/opts\.durationThreshold \?\? /g, ""],
  [/ +\.\.\.opts,/g, ""],
  [/lcpEntryManager\._processEntry\(.*?\);/g, ""],
  [/this\._on\w+\?\.\(\w+\);/g, ""],
  [/metric\.entries(\.push\(| = ).*?;/g, ""],
  // What is measured has been activated.
  [/document\.prerendering/g, "false"],
  [/\w+EventListener\('prerenderingchange', .*?;/g, ""],
  [/event\.type === 'visibilitychange'/g, "true"],
];

/** Puts those modules and words in the place of the package's own. */
export function lean(): Plugin {
  const used = new Set<unknown>();
  return {
    name: "lean",
    transform(code, id) {
      const [, module] = id.split("web-vitals/dist/modules/");
      if (module === undefined) return null;
      used.add(module);
      if (MODULES[module]) return { code: MODULES[module], map: null };
      let result = code;
      for (const [place, word] of PLACES) {
        if (result.search(place) >= 0) used.add(place);
        result = result.replaceAll(place, word);
      }
      return { code: result, map: null };
    },
    generateBundle() {
      const wanted = [...Object.keys(MODULES), ...PLACES.map(([place]) => place)];
      const gone = wanted.filter((each) => !used.has(each));
      if (gone.length > 0) this.error(`web-vitals no longer has ${gone.join(", ")}: see lean.ts.`);
    },
  };
}
