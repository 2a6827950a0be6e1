/**
 * Panel files. A panel is a Vega-Lite specification whose data are named queries:
 *
 *   "usermeta": {"bellrock": {"queries": {"p75_by_group":
 *     {"kind": "query", "metrics": ["$timer.p75"], "dimensions": ["time:$bucket", "group"]}}}}
 *
 * Enters: a panel file and parameters. Leaves: the specification and its queries with every `$name` of
 * a parameter replaced: a text that is only `$name` by the value itself, one within a longer text by
 * its text. `usermeta` is left out of the drawing: it is read here and nowhere else.
 */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
export type Parameters = Readonly<Record<string, Json>>;

/** Rows of `/query`: a field per dimension ("time:..." is `time`) and metric ("$timer.p75" is `p75`). */
export interface QuerySource {
  readonly kind: "query";
  readonly metrics: readonly string[];
  readonly dimensions: readonly string[];
  /** Field names, in the order of `metrics`. */
  readonly fields: readonly string[];
}

/** Rows of `/histogram`: one per step of the density, or one per group with its quantiles. */
export interface HistogramSource {
  readonly kind: "histogram";
  readonly timer: string;
  readonly rows: "density" | "quantiles";
  readonly scale: "log" | "linear";
}

export type Source = QuerySource | HistogramSource;

export interface ResolvedPanel {
  readonly specification: JsonObject;
  readonly sources: Readonly<Record<string, Source>>;
}

/** A panel file that cannot be drawn; the message names the place. */
export class PanelError extends Error {}

export function resolvePanel(panel: JsonObject, parameters: Parameters): ResolvedPanel {
  const { usermeta, ...specification } = panel;
  const declared = objectAt(objectAt(usermeta, "usermeta").bellrock, "usermeta.bellrock").queries;
  const queries = objectAt(declared, "usermeta.bellrock.queries");
  return {
    specification: substitute(specification, parameters) as JsonObject,
    sources: Object.fromEntries(
      Object.entries(queries).map(([name, template]) => [
        name,
        sourceOf(name, template, parameters),
      ]),
    ),
  };
}

/** The value with its parameters filled in; a text that is only an unknown `$name` is an error. */
export function substitute(value: Json, parameters: Parameters): Json {
  if (typeof value === "string") return substituteText(value, parameters);
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map((one) => substitute(one, parameters));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, substitute(one, parameters)]),
  );
}

function substituteText(text: string, parameters: Parameters): Json {
  const alone = /^\$([a-zA-Z]+)$/.exec(text)?.[1];
  if (alone !== undefined) return parameterOf(alone, parameters);
  return text.replace(/\$([a-zA-Z]+)/g, (_, name: string) => String(parameterOf(name, parameters)));
}

function parameterOf(name: string, parameters: Parameters): Json {
  const value = parameters[name];
  if (value !== undefined) return value;
  const known = Object.keys(parameters).map((one) => `$${one}`);
  throw new PanelError(`unknown parameter $${name}; this page gives ${known.join(", ")}`);
}

function sourceOf(name: string, template: Json, parameters: Parameters): Source {
  const place = `usermeta.bellrock.queries.${name}`;
  const { kind, ...rest } = objectAt(template, place);
  const filled = objectAt(substitute(rest, parameters), place);
  if (kind === "query") {
    const [metrics, dimensions] = [texts(filled.metrics, place), texts(filled.dimensions, place)];
    const fields = texts(rest.metrics ?? null, place).map(fieldName);
    return { kind, metrics, dimensions, fields };
  }
  if (kind === "histogram") {
    const { timer, rows, scale } = filled;
    return {
      kind,
      timer: String(timer),
      rows: oneOf(rows, ["density", "quantiles"], `${place}.rows`),
      scale: oneOf(scale ?? "log", ["log", "linear"], `${place}.scale`),
    };
  }
  throw new PanelError(
    `${place}.kind is ${JSON.stringify(kind)}: it must be "query" or "histogram"`,
  );
}

/** A metric's field: without a leading parameter, dots as underscores: "$timer.p75" is `p75`, "lcp.p75" `lcp_p75`. */
export function fieldName(metric: string): string {
  return metric.replace(/^\$[a-zA-Z]+\./, "").replaceAll(".", "_");
}

function oneOf<Choice extends string>(
  value: Json | undefined,
  choices: readonly Choice[],
  place: string,
): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw new PanelError(
      `${place} is ${JSON.stringify(value)}: it must be one of ${choices.join(", ")}`,
    );
  }
  return found;
}

function texts(value: Json | undefined, place: string): readonly string[] {
  if (value !== undefined && isList(value) && value.every((one) => typeof one === "string")) {
    return value as readonly string[];
  }
  throw new PanelError(`${place}: metrics and dimensions must be lists of texts`);
}

function objectAt(value: Json | undefined, place: string): JsonObject {
  if (value !== null && typeof value === "object" && !isList(value)) return value;
  throw new PanelError(`${place} must be an object`);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
