/**
 * Draws a resolved panel. Enters: a Vega-Lite specification, its rows by name, a config. Leaves: a chart
 * whose data can be changed in place. Expressions are interpreted from their syntax tree, so that the
 * page needs no `eval`. This module brings all of Vega: import it lazily.
 */
import { changeset, Error as ErrorLevel, parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { type Config, compile, type TopLevelSpec } from "vega-lite";
import { Handler } from "vega-tooltip";
import type { JsonObject } from "./resolve.ts";
import type { Row } from "./rows.ts";

export type Data = Readonly<Record<string, readonly Row[]>>;

export interface Chart {
  /** Binds new rows to the same marks. */
  update(data: Data): Promise<void>;
  /** Takes the chart off the page. */
  remove(): void;
}

export async function drawChart(
  container: HTMLElement,
  specification: JsonObject,
  data: Data,
  config: Config,
): Promise<Chart> {
  const compiled = compile(specification as unknown as TopLevelSpec, { config }).spec;
  const view = new View(parse(compiled, undefined, { ast: true }), {
    expr: expressionInterpreter,
    renderer: "svg",
    container,
    hover: true,
    // Vega warns of every series without a value, and a site's first visit leaves most of them empty.
    logLevel: ErrorLevel,
    // The style sheet of the page styles it, so that none is injected.
    tooltip: new Handler({ disableDefaultStyle: true }).call,
  });
  for (const [name, rows] of Object.entries(data)) view.data(name, copies(rows));
  await view.runAsync();
  return {
    async update(next) {
      for (const [name, rows] of Object.entries(next)) {
        view.change(
          name,
          changeset()
            .remove(() => true)
            .insert(copies(rows)),
        );
      }
      await view.runAsync();
    },
    remove: () => void view.finalize(),
  };
}

/** Vega writes its own mark on every row, and rows may be shared between panels. */
function copies(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row }));
}
