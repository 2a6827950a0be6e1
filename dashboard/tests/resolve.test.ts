import { describe, expect, it } from "vitest";
import { fieldName, type JsonObject, PanelError, resolvePanel } from "../src/panels/resolve.ts";

const PARAMETERS = {
  timer: "lcp",
  bucket: "hour",
  label: "LCP",
  groups: ["A", "B"],
  isLinear: false,
};

function panel(queries: JsonObject, rest: JsonObject = {}): JsonObject {
  return { ...rest, usermeta: { bellrock: { queries } } };
}

const P75: JsonObject = {
  kind: "query",
  metrics: ["$timer.p75", "$timer.count", "impressions"],
  dimensions: ["time:$bucket", "group"],
};

describe("a panel file", () => {
  it("has its queries filled in, with fields that do not depend on the parameters", () => {
    const { sources } = resolvePanel(panel({ p75_by_group: P75 }), PARAMETERS);
    expect(sources.p75_by_group).toEqual({
      kind: "query",
      metrics: ["lcp.p75", "lcp.count", "impressions"],
      dimensions: ["time:hour", "group"],
      fields: ["p75", "count", "impressions"],
    });
  });

  it("has parameters filled in everywhere in the drawing, with their own type", () => {
    const drawing = {
      title: "$label p75 ($bucket)",
      encoding: { color: { scale: { domain: "$groups", zero: "$isLinear" } } },
      layer: [{ mark: "line", description: "$label" }, null, 3],
    };
    const { specification } = resolvePanel(panel({}, drawing), PARAMETERS);
    expect(specification).toEqual({
      title: "LCP p75 (hour)",
      encoding: { color: { scale: { domain: ["A", "B"], zero: false } } },
      layer: [{ mark: "line", description: "LCP" }, null, 3],
    });
  });

  it("draws without its usermeta and keeps its $schema", () => {
    const { specification } = resolvePanel(panel({}, { $schema: "https://x/v6.json" }), PARAMETERS);
    expect(specification).toEqual({ $schema: "https://x/v6.json" });
  });

  it("may ask for histograms", () => {
    const density = { kind: "histogram", timer: "$timer", rows: "density", scale: "log" };
    const { sources } = resolvePanel(panel({ density }), PARAMETERS);
    expect(sources.density).toEqual({
      kind: "histogram",
      timer: "lcp",
      rows: "density",
      scale: "log",
    });
  });

  it.each([
    ["an unknown parameter", { q: { ...P75, metrics: ["$colour.p75"] } }, "$colour"],
    ["an unknown kind", { q: { kind: "sql" } }, "queries.q.kind"],
    ["unknown rows", { q: { kind: "histogram", timer: "lcp", rows: "violin" } }, "queries.q.rows"],
    ["metrics that are no list", { q: { ...P75, metrics: "p75" } }, "queries.q"],
    ["a query that is no object", { q: 3 }, "queries.q"],
  ] as [string, JsonObject, string][])("is refused with the place for %s", (_, queries, place) => {
    expect(() => resolvePanel(panel(queries), PARAMETERS)).toThrow(PanelError);
    expect(() => resolvePanel(panel(queries), PARAMETERS)).toThrow(place);
  });

  it("without queries is refused", () => {
    expect(() => resolvePanel({ mark: "line" }, PARAMETERS)).toThrow("usermeta");
  });
});

it("field names need no escaping in Vega-Lite", () => {
  expect(fieldName("$timer.needs_improvement")).toBe("needs_improvement");
  expect(fieldName("lcp.p75")).toBe("lcp_p75");
  expect(fieldName("impressions")).toBe("impressions");
});
