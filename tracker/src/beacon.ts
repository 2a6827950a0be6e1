/**
 * The wire format, version 1: what one beacon holds and how its values are shortened.
 *
 * Always holds: a beacon stands alone. It repeats page, test and browser, so that it can be used
 * when the others of its impression were lost.
 */

export type BeaconType = "navigation" | "load" | "vitals" | "event" | "order";

export type NavigationType =
  | "navigate"
  | "reload"
  | "back-forward"
  | "back-forward-cache"
  | "prerender"
  | "restore"
  | "soft-navigation";

export type TransportName = "fetchLater" | "beacon" | "fetch";

export interface Page {
  readonly url: string | undefined;
  readonly referrer?: string | undefined;
  readonly label?: string | undefined;
  readonly navigation: NavigationType;
  readonly release?: string | undefined;
}

export interface Test {
  readonly name: string;
  readonly group: string;
  /** Drawn once with the group; left out where nothing can be kept, or under GPC. */
  readonly rb?: number | undefined;
}

export interface Delivery {
  readonly enabled?: boolean | undefined;
  readonly served?: boolean | undefined;
  readonly cacheHit?: boolean | undefined;
  readonly firstLoad?: boolean | undefined;
  readonly swSupported?: boolean | undefined;
}

/** Milliseconds since the navigation started (since activation for a prerendered page); `cls` has no unit. */
export type Timers = Readonly<Record<string, number>>;

export interface PageEvent {
  readonly name: string;
  readonly value?: number | undefined;
  readonly props?: Readonly<Record<string, string>> | undefined;
}

export interface Order {
  readonly id: string;
  readonly value?: number | undefined;
  readonly currency?: string | undefined;
  readonly items?: number | undefined;
}

export interface Visitor {
  readonly newToday: boolean;
  readonly newThisMonth: boolean;
}

export interface BrowserHints {
  readonly mobile?: boolean | undefined;
  readonly platform?: string | undefined;
  readonly webdriver: boolean;
  readonly width: string;
}

export interface Beacon {
  readonly v: 1;
  readonly site: string;
  readonly session: string;
  readonly impression: string;
  readonly seq: number;
  readonly type: BeaconType;
  readonly page: Page;
  readonly test?: Test | undefined;
  readonly delivery?: Delivery | undefined;
  readonly timers?: Timers | undefined;
  /** By vital the element that it is about, a CSS selector; in the build with attribution. */
  readonly attribution?: Readonly<Record<string, string | undefined>> | undefined;
  readonly event?: PageEvent | undefined;
  readonly order?: Order | undefined;
  readonly visitor?: Visitor | undefined;
  readonly browser: BrowserHints;
  readonly transport?: TransportName | undefined;
  readonly sentAt: number;
}

/** The first `limit` code points: lengths on the wire are counted in code points. */
export function clip(text: string, limit: number): string {
  return text.length <= limit ? text : [...text].slice(0, limit).join("");
}

/** Keeps `digits` decimals: enough for a microsecond, and no noise of binary fractions. */
export function rounded(value: number, digits = 3): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
