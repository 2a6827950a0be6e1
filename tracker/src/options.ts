/**
 * The options on the script element: data-* attributes enter, one Options object leaves.
 *
 * Always holds: without a site or an address to send to there are no options, and the tracker does not
 * run. What can be pushed as a command, too, becomes a command and is checked as such.
 */
import type { Groups } from "./split.ts";
import { attempt, warn } from "./warn.ts";

export interface Options {
  readonly site: string;
  readonly endpoint: string;
  /** Query parameters that stay in the page's address. */
  readonly parameters: readonly string[];
  /** Signals at which the tracker stays silent: gpc, dnt, webdriver. */
  readonly silentOn: readonly string[];
  /** The global object in which an accelerator says what it did. */
  readonly accelerator: string | undefined;
  /** The name of the test. */
  readonly test: string | undefined;
  /** What the attributes say of consent, page and test, as the page could have pushed it. */
  readonly commands: readonly unknown[];
}

/** What `script` says; undefined, with a warning, where there is no site or no address to send to. */
export function readOptions(script: HTMLScriptElement | null): Options | undefined {
  const {
    site,
    endpoint,
    parameters,
    silentOn,
    consent,
    label,
    release,
    test,
    group,
    groups,
    accelerator,
  } = script?.dataset ?? {};
  const url = attempt(() => new URL(endpoint ?? "/b", endpoint ? location.href : script?.src));
  if (!site || !url) return void warn(site ? "data-endpoint" : "data-site", script);
  return {
    site,
    endpoint: url.href,
    parameters: words(parameters),
    silentOn: words(silentOn),
    accelerator,
    test,
    commands: [
      // Not ["consent", false]: that takes consent back, and forgets what earlier pages stored with it.
      ...(consent === "required" ? [] : [["consent", true]]),
      ["page", { label, release }],
      ...(test && (group || groups)
        ? [["test", { name: test, group, groups: parseGroups(groups) }]]
        : []),
    ],
  };
}

/** Weights written as `A:0.5,B:0.5`; those that are no number are NaN. */
export function parseGroups(list: string | undefined): Groups | undefined {
  const pairs = list?.split(",").map((part) => part.split(":").map((piece) => piece.trim()));
  // An empty weight must not pass as the number 0.
  return pairs && Object.fromEntries(pairs.map(([name, weight]) => [name, Number(weight || NaN)]));
}

function words(list = ""): string[] {
  return list.split(/[\s,]+/);
}
