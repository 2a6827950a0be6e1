import { describe, expect, it } from "vitest";
import type { Site } from "../src/api.ts";
import {
  filterableOf,
  formatAddress,
  type PageState,
  parseAddress,
  testOf,
  withCondition,
} from "../src/filters.ts";

const DEFAULTS: PageState = {
  site: null,
  range: "1h",
  test: null,
  filters: [],
  bots: false,
  timer: "lcp",
  scale: "log",
};

const EVERYTHING: PageState = {
  site: "shop-a",
  range: ["2026-11-23T05:12Z", "2026-11-23T06:00Z"],
  test: "speed",
  filters: [
    ["is", "browser", ["Chrome", "Samsung Internet"]],
    ["is_not", "country", ["DE", ""]],
  ],
  bots: true,
  timer: "hero",
  scale: "linear",
};

const SITE: Site = {
  key: "shop-a",
  currency: "EUR",
  dimensions: ["country", "firstLoad"],
  labels: [],
  timers: [],
  tests: [
    { name: "speed", control: "A", groups: { A: 0.5, B: 0.5 } },
    { name: "cdn", control: "old", groups: { new: 0.5, old: 0.5 } },
  ],
};

describe("the address", () => {
  it("leaves defaults out", () => {
    expect(formatAddress(DEFAULTS)).toBe("");
    expect(parseAddress("")).toEqual(DEFAULTS);
  });

  it("gives back every state that it was made of", () => {
    const states: PageState[] = [
      EVERYTHING,
      { ...DEFAULTS, test: "" },
      { ...DEFAULTS, range: "all" },
      { ...DEFAULTS, filters: [["is", "label", ["a&b=c", "100 %", "x,y", "é"]]] },
      { ...DEFAULTS, filters: [["is_not", "firstLoad", ["true"]]] },
    ];
    for (const state of states) expect(parseAddress(formatAddress(state))).toEqual(state);
  });

  it("reads as people would write it", () => {
    const { filters } = parseAddress("?browser=Chrome&browser=Edge&country!=DE");
    expect(filters).toEqual([
      ["is", "browser", ["Chrome", "Edge"]],
      ["is_not", "country", ["DE"]],
    ]);
    expect(formatAddress({ ...DEFAULTS, filters })).toBe(
      "?browser=Chrome&browser=Edge&country!=DE",
    );
  });

  it("takes the default where the address says nonsense", () => {
    expect(
      parseAddress(
        "?range=yesterday&timer=<b>&scale=cubic&bots=maybe&colour=red&site=&range=2026..2025",
      ),
    ).toEqual(DEFAULTS);
  });

  it("refuses a range that ends before it begins", () => {
    expect(parseAddress("?range=2026-11-23T06:00Z..2026-11-23T05:00Z").range).toBe("1h");
  });
});

describe("conditions", () => {
  it("replace the one on the same dimension", () => {
    const next = withCondition(EVERYTHING, ["is", "country", ["AT"]]);
    expect(next.filters).toEqual([
      ["is", "browser", ["Chrome", "Samsung Internet"]],
      ["is", "country", ["AT"]],
    ]);
  });

  it("disappear with their last value", () => {
    const next = withCondition(EVERYTHING, ["is_not", "country", []]);
    expect(next.filters.map(([, dimension]) => dimension)).toEqual(["browser"]);
  });

  it("are offered for the site's own dimensions only", () => {
    expect(filterableOf(SITE)).toEqual(["browser", "device", "country", "firstLoad"]);
  });
});

describe("the test on show", () => {
  it("is the site's first by default, the named one if it exists, and none if asked", () => {
    expect(testOf(DEFAULTS, SITE)?.name).toBe("speed");
    expect(testOf({ ...DEFAULTS, test: "cdn" }, SITE)?.name).toBe("cdn");
    expect(testOf({ ...DEFAULTS, test: "gone" }, SITE)?.name).toBe("speed");
    expect(testOf({ ...DEFAULTS, test: "" }, SITE)).toBeNull();
    expect(testOf(DEFAULTS, { ...SITE, tests: [] })).toBeNull();
  });
});
