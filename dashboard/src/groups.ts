/** The groups of a test in the order that colours and columns follow: the control first. */
import type { Test } from "./api.ts";

/** Stands for everybody where no test is shown. */
export const EVERYBODY = "all";

/** Planned groups, control first, then those that only the data knows; without a test `EVERYBODY`. */
export function groupsOf(test: Test | null, seen: readonly string[]): string[] {
  if (test === null) return [EVERYBODY];
  const planned = Object.keys(test.groups).filter((group) => group !== test.control);
  return [...new Set([test.control, ...planned, ...seen])];
}

/** The style class that carries a group's colour. */
export function groupClass(groups: readonly string[], group: string): string {
  return group === EVERYBODY ? "group-all" : `group-${groups.indexOf(group) % 4}`;
}
