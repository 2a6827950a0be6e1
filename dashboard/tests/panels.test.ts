/** Every panel file of the dashboard is drawn without a browser, by the interpreter, from sample rows. */
import { readdirSync, readFileSync } from "node:fs";
import { logger, parse, View, Warn } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type TopLevelSpec } from "vega-lite";
import { describe, expect, it } from "vitest";
import type { Site } from "../src/api.ts";
import { parseAddress } from "../src/filters.ts";
import { panelParameters } from "../src/panels/parameters.ts";
import { type JsonObject, resolvePanel, type Source } from "../src/panels/resolve.ts";
import { densityRows, quantileRows, type Row } from "../src/panels/rows.ts";
import { chartConfig, PALETTES } from "../src/theme.ts";
import { viewOf } from "../src/view.ts";

const FOLDER = new URL("../src/panels/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".vl.json"));

const SITE: Site = {
  key: "shop-a",
  currency: "EUR",
  dimensions: [],
  labels: [],
  timers: [],
  tests: [{ name: "speed", control: "A", groups: { A: 0.5, B: 0.5 } }],
};

function sampleRows(source: Source): Row[] {
  if (source.kind === "query") {
    return ["A", "B"].flatMap((group, at) =>
      [0, 1, 2].map((minute) => ({
        group,
        time: Date.UTC(2026, 10, 23, 5, minute),
        ...Object.fromEntries(source.fields.map((field) => [field, 100 + 10 * minute + at])),
      })),
    );
  }
  const series = ["A", "B"].map((group, at) => ({
    group,
    count: 300,
    mean: 900,
    quantiles: { p50: 850 - at, p75: 900 - at, p90: 950 - at, p95: 970, p99: 990 },
    cells: [320, 330, 340].map((cell) => ({ cell: cell + at, lower: 0, upper: 0, count: 100 })),
  }));
  const result = { scheme: "ll32-v1", timer: "lcp", unit: "ms" as const, series, meta: {} };
  return source.rows === "density" ? densityRows(result, source.scale) : quantileRows(result);
}

async function drawn(file: string, search: string): Promise<{ svg: string; warnings: string[] }> {
  const panel = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as JsonObject;
  const view = viewOf(parseAddress(search), SITE, []);
  const { specification, sources } = resolvePanel(panel, panelParameters(view, "minute"));
  const warnings: string[] = [];
  const log = logger(Warn, undefined, (_method, _level, input) => {
    warnings.push(input.join(" "));
  });
  const fixed = { ...specification, width: 800 } as unknown as TopLevelSpec;
  const { spec } = compile(fixed, { config: chartConfig("light", true), logger: log });
  const chart = new View(parse(spec, undefined, { ast: true }), {
    expr: expressionInterpreter,
    renderer: "none",
    logger: log,
  });
  for (const [name, source] of Object.entries(sources)) chart.data(name, sampleRows(source));
  return { svg: await chart.toSVG(), warnings };
}

describe.each(FILES)("%s", (file) => {
  it.each(["", "?scale=linear", "?timer=cls"])(
    "is drawn without a warning at %s, both groups in their colours",
    async (search) => {
      const { svg, warnings } = await drawn(file, search);
      expect(warnings).toEqual([]);
      for (const colour of PALETTES.light.groups.slice(0, 2)) expect(svg).toContain(colour);
      expect(svg).not.toContain("NaN");
    },
  );

  it("says what it shows, for those who cannot see it", () => {
    const panel = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as JsonObject;
    expect(String(panel.description)).toMatch(/group/);
  });
});
