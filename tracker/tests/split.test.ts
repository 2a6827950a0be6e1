import { afterEach, expect, test } from "vitest";
import { assign, drawGroup } from "../src/split.ts";
import { createKeep } from "../src/storage.ts";
import { refusedKeep } from "./refused.ts";

const keep = createKeep(() => localStorage);
const halves = { name: "speed", groups: { A: 0.5, B: 0.5 } };

afterEach(() => localStorage.clear());

test("a group is drawn by the weights, which need not add up to 1", () => {
  const groups = { A: 2, off: 0, B: 1, C: 1 };
  const drawn = [0, 0.499, 0.5, 0.749, 0.75, 0.9999999].map((share) => drawGroup(groups, share));
  expect(drawn).toEqual(["A", "A", "B", "B", "C", "C"]);
});

test("over many browsers the shares are the weights", () => {
  const groups = { A: 0.8, B: 0.2 };
  let inB = 0;
  for (let i = 0; i < 5000; i++) {
    if (assign(refusedKeep(), { name: "speed", groups })?.group === "B") inB++;
  }
  // Six standard deviations: 0.2 +- 0.034.
  expect(Math.abs(inB / 5000 - 0.2)).toBeLessThan(0.034);
});

test("the group and rb of a browser stay", () => {
  const first = assign(keep, halves, () => 0.7);
  expect(first).toEqual({ name: "speed", group: "B", rb: 44 });
  expect(assign(keep, halves, () => 0.1)).toEqual(first);
  expect(localStorage.getItem("bellrock.split.speed")).toBe('{"group":"B","rb":44}');
});

test("a group that the page's own script stored is taken over, and gets an rb", () => {
  localStorage.setItem("bellrock.split.speed", '{"group":"B"}');
  expect(assign(keep, halves, () => 0.25)).toEqual({ name: "speed", group: "B", rb: 16 });
});

test("a group that the test no longer has is drawn again", () => {
  localStorage.setItem("bellrock.split.speed", '{"group":"C","rb":3}');
  expect(assign(keep, halves, () => 0.1)).toEqual({ name: "speed", group: "A", rb: 6 });
});

test("rb stays with the group that the page assigns and changes with it", () => {
  const inA = { name: "speed", group: "A" };
  expect(assign(keep, inA, () => 0.5)?.rb).toBe(32);
  expect(assign(keep, inA, () => 0.9)?.rb).toBe(32);
  expect(assign(keep, { name: "speed", group: "B" }, () => 0.9)?.rb).toBe(57);
});

test("without storage the group lasts as long as the page and has no rb", () => {
  const refused = refusedKeep();
  expect(assign(refused, halves, () => 0.7)).toEqual({ name: "speed", group: "B", rb: undefined });
  expect(assign(refused, halves, () => 0.1)?.group).toBe("B");
});

test("a test without groups assigns none", () => {
  expect(assign(keep, { name: "speed" })).toBeUndefined();
  expect(localStorage).toHaveLength(0);
});
