import { describe, expect, it } from "vitest";
import type { HistogramResult, QueryResult } from "../src/api.ts";
import type { QuerySource } from "../src/panels/resolve.ts";
import { densityRows, quantileRows, queryRows } from "../src/panels/rows.ts";

const SOURCE: QuerySource = {
  kind: "query",
  metrics: ["lcp.p75", "lcp.count"],
  dimensions: ["time:minute", "group"],
  fields: ["p75", "count"],
};

function answer(results: QueryResult["results"], range: [string, string]): QueryResult {
  return { results, meta: {}, query: { date_range: range } };
}

const LATER = Date.UTC(2026, 10, 24);

const AT = (minute: number) => Date.UTC(2026, 10, 23, 5, minute);

describe("rows of a query", () => {
  it("are objects by field, with time in ms", () => {
    const result = answer(
      [{ dimensions: ["2026-11-23T05:42Z", "A"], metrics: [812.5, 3] }],
      ["2026-11-23T05:42Z", "2026-11-23T05:43Z"],
    );
    expect(queryRows(SOURCE, SOURCE.dimensions, result, LATER)).toEqual([
      { group: "A", time: AT(42), p75: 812.5, count: 3, running: false },
    ]);
  });

  it("fill every minute of the range for every group: counts with 0, the rest with null", () => {
    const result = answer(
      [
        { dimensions: ["2026-11-23T05:41Z", "A"], metrics: [800, 1] },
        { dimensions: ["2026-11-23T05:42Z", "B"], metrics: [700, 2] },
      ],
      ["2026-11-23T05:40Z", "2026-11-23T05:43Z"],
    );
    const rows = queryRows(SOURCE, SOURCE.dimensions, result, LATER);
    expect(rows.map(({ time, group, p75, count }) => [time, group, p75, count])).toEqual([
      [AT(40), "A", null, 0],
      [AT(40), "B", null, 0],
      [AT(41), "A", 800, 1],
      [AT(41), "B", null, 0],
      [AT(42), "A", null, 0],
      [AT(42), "B", 700, 2],
    ]);
  });

  it("of all time begin with the first that has data", () => {
    const result = answer(
      [
        { dimensions: ["2026-11-23T05:40Z", "A"], metrics: [800, 1] },
        { dimensions: ["2026-11-23T05:42Z", "A"], metrics: [700, 2] },
      ],
      ["1970-01-01T00:00Z", "2026-11-23T05:50Z"],
    );
    const times = queryRows(SOURCE, SOURCE.dimensions, result, LATER).map(({ time }) => time);
    expect(times).toEqual([AT(40), AT(41), AT(42)]);
  });

  it("say which bucket is not over yet", () => {
    const result = answer(
      [{ dimensions: ["2026-11-23T05:42Z", "A"], metrics: [812.5, 3] }],
      ["2026-11-23T05:41Z", "2026-11-23T05:43Z"],
    );
    const rows = queryRows(SOURCE, SOURCE.dimensions, result, AT(42) + 30_000);
    expect(rows.map(({ time, running }) => [time, running])).toEqual([
      [AT(41), false],
      [AT(42), true],
    ]);
  });

  it("without groups belong to everybody", () => {
    const result = answer(
      [{ dimensions: ["2026-11-23T05:42Z"], metrics: [812.5, 3] }],
      ["2026-11-23T05:42Z", "2026-11-23T05:43Z"],
    );
    expect(queryRows(SOURCE, ["time:minute"], result, LATER)[0]?.group).toBe("all");
  });

  it("of nothing are none", () => {
    const result = answer([], ["2026-11-23T05:40Z", "2026-11-23T05:43Z"]);
    expect(queryRows(SOURCE, SOURCE.dimensions, result, LATER)).toEqual([]);
  });
});

describe("rows of a histogram", () => {
  const result: HistogramResult = {
    scheme: "ll32-v1",
    timer: "cls",
    unit: "",
    meta: {},
    series: [
      {
        group: "A",
        count: 2,
        mean: 0.2,
        quantiles: { p50: 0.2, p75: 0.2 },
        cells: [{ cell: 256, lower: 0.2, upper: 0.20625, count: 2 }],
      },
    ],
  };

  it("hold the quantiles per group", () => {
    expect(quantileRows(result)).toEqual([{ group: "A", count: 2, mean: 0.2, p50: 0.2, p75: 0.2 }]);
  });

  it("agree with the API about the edges of cells, in the timer's unit", () => {
    const bar = densityRows(result, "linear").find(({ count }) => count === 2);
    expect(bar?.from).toBeLessThanOrEqual(0.2);
    expect(bar?.to).toBeGreaterThanOrEqual(0.20625);
    expect(bar?.share).toBe(1);
  });
});
