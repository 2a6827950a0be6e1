/**
 * What a page shows, and its form in the address: every view can be linked.
 *
 *   /overview?site=shop-a&range=24h&test=speed&browser=Chrome&browser=Edge&country!=DE&bots=1
 *
 * Enters: a query string, of anyone's making. Leaves: a PageState, or the query string of one. What the
 * address does not say, or says in no known form, takes its default; defaults are not written.
 * `parseAddress(formatAddress(state))` gives back the state.
 */
import type { Condition, DateRange, Site, Test } from "./api.ts";
import type { Scale } from "./density.ts";
import { DEFAULT_TIMER } from "./timers.ts";

export const RANGES = ["30m", "1h", "6h", "24h", "7d", "30d", "all"] as const;
export const DEFAULT_RANGE = "1h";

/** Dimensions a page may be filtered by; the site says which of them it has. */
export const ALWAYS_THERE = ["browser", "device"] as const;
const FILTERABLE = [
  ...ALWAYS_THERE,
  ...["bot", "country", "os", "label", "release", "navigation", "firstLoad", "served", "cacheHit"],
];

export interface PageState {
  /** null: the first site of the viewer. */
  readonly site: string | null;
  readonly range: DateRange;
  /** null: the site's first test; "": all visitors, in a test or not. */
  readonly test: string | null;
  readonly filters: readonly Condition[];
  readonly bots: boolean;
  readonly timer: string;
  readonly scale: Scale;
}

export function parseAddress(search: string): PageState {
  const query = new URLSearchParams(search);
  return {
    site: query.get("site") || null,
    range: parseRange(query.get("range")),
    test: query.get("test"),
    filters: FILTERABLE.flatMap((dimension) => parseConditions(query, dimension)),
    bots: query.get("bots") === "1",
    timer: /^[a-z][a-z0-9_]{0,31}$/.exec(query.get("timer") ?? "")?.[0] ?? DEFAULT_TIMER,
    scale: query.get("scale") === "linear" ? "linear" : "log",
  };
}

/** The query string of a state, with its "?"; empty where everything has its default. */
export function formatAddress(state: PageState): string {
  const query = new URLSearchParams();
  if (state.site) query.set("site", state.site);
  const range = typeof state.range === "string" ? state.range : state.range.join("..");
  if (range !== DEFAULT_RANGE) query.set("range", range);
  if (state.test !== null) query.set("test", state.test);
  for (const [operator, dimension, values] of state.filters) {
    const key = operator === "is" ? dimension : `${dimension}!`;
    for (const value of values) query.append(key, value);
  }
  if (state.bots) query.set("bots", "1");
  if (state.timer !== DEFAULT_TIMER) query.set("timer", state.timer);
  if (state.scale !== "log") query.set("scale", state.scale);
  // "!" and ":" are allowed in a query and read better than their escapes: browser!=IE.
  const text = query.toString().replaceAll("%21=", "!=").replaceAll("%3A", ":");
  return text && `?${text}`;
}

/** The state with the condition on one dimension replaced; no values removes it. */
export function withCondition(state: PageState, condition: Condition): PageState {
  const [, dimension, values] = condition;
  const others = state.filters.filter(([, name]) => name !== dimension);
  return { ...state, filters: values.length > 0 ? [...others, condition] : others };
}

/** The dimensions a site's pages can be filtered by. */
export function filterableOf(site: Site): string[] {
  return [...ALWAYS_THERE, ...site.dimensions];
}

/** The test a state shows: the named one, by default the site's first; null for all visitors. */
export function testOf(state: PageState, site: Site): Test | null {
  if (state.test === "") return null;
  return site.tests.find(({ name }) => name === state.test) ?? site.tests[0] ?? null;
}

function parseRange(text: string | null): DateRange {
  if (RANGES.some((name) => name === text)) return text as string;
  const ends = (text ?? "").split("..").map((end) => new Date(end));
  const [start, end] = ends;
  if (ends.length !== 2 || !start || !end || !(start < end)) return DEFAULT_RANGE;
  return [toMinute(start), toMinute(end)];
}

/** An instant as the API writes it, whole minutes in UTC: 2026-11-23T05:42Z. */
export function toMinute(at: Date): string {
  return `${at.toISOString().slice(0, 16)}Z`;
}

function parseConditions(query: URLSearchParams, dimension: string): Condition[] {
  const is = query.getAll(dimension);
  if (is.length > 0) return [["is", dimension, is]];
  const isNot = query.getAll(`${dimension}!`);
  return isNot.length > 0 ? [["is_not", dimension, isNot]] : [];
}
