/**
 * The A/B split: which group of a test this browser is in.
 *
 * Enters a test with weighted groups, or with the group that the page assigned; leaves a Test. Always
 * holds: once drawn, the group and `rb` stay, under `bellrock.split.NAME` as `{"group": "B", "rb": 17}`,
 * until the group is no longer one of the test's or the page assigns another.
 */
import type { Test } from "./beacon.ts";
import { randomShare } from "./identifier.ts";
import { type Keep, readObject } from "./storage.ts";

/** Weights by group; they need not add up to 1. */
export type Groups = Readonly<Record<string, number>>;

/** A test with the group that the page assigned, or with the weighted groups to draw from. */
export interface TestSetting {
  readonly name: string;
  readonly group?: string;
  readonly groups?: Groups;
}

const BUCKETS = 64;

/** The group of this browser, drawn by weight the first time; undefined where the test has none. */
export function assign(keep: Keep, test: TestSetting, draw = randomShare): Test | undefined {
  const { name, groups = {} } = test;
  const key = `split.${name}`;
  const stored = readObject(keep, key);
  const known = String(stored.group);
  const group = test.group ?? ((groups[known] ?? 0) > 0 ? known : drawGroup(groups, draw()));
  if (group === undefined) return undefined;
  const old = stored.rb as number;
  const rb = group === known && old >= 0 && old < BUCKETS ? old : Math.floor(draw() * BUCKETS);
  const kept = keep.write(key, JSON.stringify({ group, rb }));
  // An rb that the next page draws again would make one visitor look like several.
  return { name, group, rb: kept ? rb : undefined };
}

/** The group whose slice of the weights holds `share`, 0 <= share < 1; undefined without any weight. */
export function drawGroup(groups: Groups, share: number): string | undefined {
  const entries = Object.entries(groups).filter(([, weight]) => weight > 0);
  let rest = share * entries.reduce((sum, [, weight]) => sum + weight, 0);
  // Where rounding leaves a rest at the end, the share was in the last slice.
  const hit = entries.find(([, weight]) => {
    rest -= weight;
    return rest < 0;
  });
  return (hit ?? entries.at(-1))?.[0];
}
