/**
 * Commands: what a page pushes enters, a checked Command leaves.
 *
 * Always holds: nothing unchecked gets into a beacon. A command without a field that it needs is refused,
 * other unusable fields are only left out: an order with an id always counts, the conversion happened.
 */
import type { Delivery, Order, PageEvent } from "./beacon.ts";
import {
  boolean,
  type Check,
  groups,
  identifier,
  integer,
  isObject,
  matching,
  number,
  properties,
  text,
} from "./form.ts";
import type { TestSetting } from "./split.ts";
import { warn } from "./warn.ts";

/** What only the site knows about the page. */
export interface PageSetting {
  readonly label?: string;
  readonly release?: string;
}

/** What a page may know once the tracker runs: `["ready", fn]` calls `fn` with it. */
export interface Ready {
  readonly test: string | undefined;
  readonly group: string | undefined;
  readonly session: string;
  readonly impression: string;
}

export type Command =
  | readonly ["order", Order]
  | readonly ["event", PageEvent]
  | readonly ["test", TestSetting]
  | readonly ["delivery", Delivery]
  | readonly ["page", PageSetting]
  | readonly ["timer", { readonly name: string; readonly value: number }]
  | readonly ["consent", boolean]
  | readonly ["ready", (ready: Ready) => void];

/** The fields of each command, those first that it cannot do without. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  order: { id: identifier, value: number(0), currency: matching(/^[A-Z]{3}$/), items: integer },
  event: { name: text(64), value: number(), props: properties },
  test: { name: text(64), group: text(32), groups },
  timer: {
    name: matching(/^(?!(ttfb|fcp|lcp|inp|cls|dcl|load)$)[a-z][a-z0-9_]{0,31}$/),
    value: number(0),
  },
  delivery: {
    enabled: boolean,
    served: boolean,
    cacheHit: boolean,
    firstLoad: boolean,
    swSupported: boolean,
  },
  page: { label: text(64), release: text(64) },
};
/** How many of them a command cannot do without. */
const REQUIRED: Readonly<Record<string, number>> = { order: 1, event: 1, test: 1, timer: 2 };

const SIMPLE: Readonly<Record<string, Check>> = {
  consent: boolean,
  ready: (value) => (typeof value === "function" ? value : undefined),
};

/** The command in `raw`, an array of a name and its argument; undefined, with a warning, if there is none. */
export function readCommand(raw: unknown): Command | undefined {
  const [name, argument] = Array.isArray(raw) ? raw : [];
  const fields = isObject(argument) && own(FIELDS, name);
  const value = fields ? readFields(name, fields, argument) : own(SIMPLE, name)?.(argument);
  if (value !== undefined) return [name, value] as unknown as Command;
  warn("command", raw);
  return undefined;
}

function readFields(
  command: string,
  fields: Readonly<Record<string, Check>>,
  argument: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(fields)) {
    const given = argument[name] ?? undefined;
    const value = check(given);
    if (value !== undefined) values[name] = value;
    else if (given !== undefined) warn(`${command}.${name}`, given);
  }
  const required = Object.keys(fields).slice(0, REQUIRED[command] ?? 0);
  return required.every((name) => name in values) ? values : undefined;
}

function own<T>(record: Readonly<Record<string, T>>, name: unknown): T | undefined {
  return Object.keys(record).includes(name as string) ? record[name as string] : undefined;
}
