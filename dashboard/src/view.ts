/** One view of one site: what the address says, resolved against what the site has. */
import type { Selection, Site, Test } from "./api.ts";
import { type PageState, testOf } from "./filters.ts";
import { groupsOf } from "./groups.ts";

export interface View {
  readonly site: Site;
  readonly state: PageState;
  /** null: all visitors, not compared. */
  readonly test: Test | null;
  readonly groups: readonly string[];
  readonly selection: Selection;
}

export type Bucket = "minute" | "hour" | "day";

const RANGE_MINUTES: Readonly<Record<string, number>> = {
  "30m": 30,
  "1h": 60,
  "6h": 360,
  "24h": 1_440,
  "7d": 10_080,
  "30d": 43_200,
};

export function viewOf(state: PageState, site: Site, seenGroups: readonly string[]): View {
  const test = testOf(state, site);
  return {
    site,
    state,
    test,
    groups: groupsOf(test, seenGroups),
    selection: {
      site: site.key,
      date_range: state.range,
      filters: test ? [["is", "test", [test.name]], ...state.filters] : state.filters,
      include: { bots: state.bots },
    },
  };
}

/** The time bucket that draws a range in tens to hundreds of points; `resolved` is the API's range for "all". */
export function bucketOf(state: PageState, resolved: readonly [string, string] | null): Bucket {
  const minutes = rangeMinutes(state, resolved);
  if (minutes <= 720) return "minute";
  return minutes <= 30_240 ? "hour" : "day";
}

function rangeMinutes({ range }: PageState, resolved: readonly [string, string] | null): number {
  const known = typeof range === "string" ? RANGE_MINUTES[range] : undefined;
  if (known !== undefined) return known;
  const ends = typeof range === "string" ? resolved : range;
  if (ends === null) return 0;
  return (Date.parse(ends[1]) - Date.parse(ends[0])) / 60_000;
}
