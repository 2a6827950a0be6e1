/**
 * An accelerator that keeps what it did in a global object, as Speed Kit does: its words enter, commands leave.
 *
 * The object may have `group`, `enabled`, `served`, `cacheHit`, `firstLoad` and `swSupported`, and anything
 * else. It is read whenever a beacon may want it, so that it can come late and change.
 */
import { isObject } from "./form.ts";

/** What the object under that name says of the test and of the delivery; nothing while there is none. */
export function readAccelerator(name: string | undefined, test: string | undefined): unknown[] {
  const told = name && (window as unknown as Record<string, unknown>)[name];
  if (!isObject(told)) return [];
  const { group } = told;
  return [["delivery", told], ...(test && group ? [["test", { name: test, group }]] : [])];
}
