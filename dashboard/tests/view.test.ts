import { describe, expect, it } from "vitest";
import type { Site } from "../src/api.ts";
import { parseAddress } from "../src/filters.ts";
import { groupClass, groupsOf } from "../src/groups.ts";
import { nextOf } from "../src/pages/sign-in.tsx";
import { bucketOf, viewOf } from "../src/view.ts";

const TEST = { name: "speed", control: "B", groups: { A: 0.5, B: 0.5 } };
const SITE: Site = {
  key: "shop-a",
  currency: "EUR",
  dimensions: [],
  labels: [],
  timers: [],
  tests: [TEST],
};

describe("a view", () => {
  it("puts its test before the page's filters", () => {
    const view = viewOf(parseAddress("?browser!=IE&bots=1&range=24h"), SITE, []);
    expect(view.selection).toEqual({
      site: "shop-a",
      date_range: "24h",
      filters: [
        ["is", "test", ["speed"]],
        ["is_not", "browser", ["IE"]],
      ],
      include: { bots: true },
    });
  });

  it("of all visitors compares nobody", () => {
    const view = viewOf(parseAddress("?test="), SITE, []);
    expect(view.selection.filters).toEqual([]);
    expect(view.groups).toEqual(["all"]);
  });
});

describe("groups", () => {
  it("begin with the control, whatever its name, and end with those nobody planned", () => {
    expect(groupsOf(TEST, ["A", "B", "C"])).toEqual(["B", "A", "C"]);
  });

  it("have the control's colour first", () => {
    const groups = groupsOf(TEST, []);
    expect(groupClass(groups, "B")).toBe("group-0");
    expect(groupClass(groups, "A")).toBe("group-1");
  });
});

describe("the time bucket", () => {
  it.each([
    ["", "minute"],
    ["?range=6h", "minute"],
    ["?range=24h", "hour"],
    ["?range=7d", "hour"],
    ["?range=30d", "day"],
    ["?range=2026-11-23T05:12Z..2026-11-23T06:00Z", "minute"],
  ])("of %s is a %s", (search, bucket) => {
    expect(bucketOf(parseAddress(search), null)).toBe(bucket);
  });

  it("of all time follows what there is", () => {
    const all = parseAddress("?range=all");
    expect(bucketOf(all, ["2026-11-23T00:00Z", "2026-11-23T06:00Z"])).toBe("minute");
    expect(bucketOf(all, ["2026-11-20T00:00Z", "2026-11-23T06:00Z"])).toBe("hour");
    expect(bucketOf(all, ["2026-01-01T00:00Z", "2026-11-23T06:00Z"])).toBe("day");
  });
});

describe("where to go after signing in", () => {
  it.each([
    ["?next=%2Foverview%3Fsite%3Da", "/overview?site=a"],
    ["", "/"],
    ["?next=https://evil.example/", "/"],
    ["?next=//evil.example/", "/"],
    ["?next=/\\evil.example/", "/"],
  ])("%s leads to %s", (search, address) => {
    expect(nextOf(search)).toBe(address);
  });
});
