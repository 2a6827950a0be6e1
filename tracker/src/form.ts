/**
 * Forms: what a value must be to get into a beacon.
 *
 * Each check takes anything and gives the value as it is sent, shortened where it is too long, or
 * undefined where it cannot be used.
 */
import { clip } from "./beacon.ts";

export type Check<T = unknown> = (value: unknown) => T | undefined;

/** A text of at most `limit` code points; not an empty one. */
export const text =
  (limit: number): Check<string> =>
  (value) =>
    typeof value === "string" && value ? clip(value, limit) : undefined;

/** A text as a whole in the form of `pattern`. */
export const matching =
  (pattern: RegExp): Check<string> =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? value : undefined;

/** A finite number, at least `least`. */
export const number =
  (least = -Infinity): Check<number> =>
  (value) =>
    Number.isFinite(value) && (value as number) >= least ? (value as number) : undefined;

export const integer: Check<number> = (value) =>
  Number.isInteger(value) ? (value as number) : undefined;

export const boolean: Check<boolean> = (value) => (typeof value === "boolean" ? value : undefined);

/** A text, or a number as a text: shops number their orders. */
export const identifier: Check<string> = (value) =>
  text(128)(Number.isFinite(value) ? String(value) : value);

/** At most 8 short texts by name; other values become texts. */
export const properties: Check<Record<string, string>> = (value) =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value)
          .slice(0, 8)
          .map(([name, each]) => [clip(name, 64), clip(String(each), 64)]),
      )
    : undefined;

/** Weights by group, none below 0 and at least one above; they need not add up to 1. */
export const groups: Check<Record<string, number>> = (value) => {
  const weights = isObject(value) ? Object.values(value).map(number(0)) : [];
  return !weights.includes(undefined) && weights.some((weight) => weight)
    ? (value as Record<string, number>)
    : undefined;
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
