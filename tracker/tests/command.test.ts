import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { readCommand } from "../src/command.ts";

let warn: MockInstance<typeof console.warn>;
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

test.each([
  ["order", { id: "4711", value: 49.9, currency: "EUR", items: 2 }],
  ["event", { name: "add", value: 1, props: { product: "lamp" } }],
  ["event", { name: "add" }],
  ["test", { name: "speed", group: "B" }],
  ["test", { name: "speed", groups: { A: 0.9, B: 0.1 } }],
  ["delivery", { enabled: true, served: false, cacheHit: true, firstLoad: false }],
  ["page", { label: "home", release: "r7" }],
  ["timer", { name: "hero", value: 812.25 }],
  ["consent", false],
])("%s with %j is taken as it is", (...command) => {
  expect(readCommand(command)).toEqual(command);
  expect(warn).not.toHaveBeenCalled();
});

test.each([
  [null],
  ["order"],
  [{ 0: "event", 1: { name: "x" } }],
  [["order", { value: 1, currency: "EUR" }]],
  [["order", { id: "" }]],
  [["event", "add"]],
  [["event", { name: 7 }]],
  [["timer", { name: "lcp", value: 1 }]],
  [["timer", { name: "Hero", value: 1 }]],
  [["timer", { name: "hero" }]],
  [["timer", { name: "hero", value: -1 }]],
  [["timer", { name: "hero", value: Number.NaN }]],
  [["consent", "yes"]],
  [["ready", {}]],
  [["constructor", {}]],
  [["unknown", {}]],
])("%j is refused with a warning", (command) => {
  expect(readCommand(command)).toBeUndefined();
  expect(warn).toHaveBeenCalled();
});

test("an order with an id counts, whatever else is wrong with it", () => {
  const order = { id: 4711, value: "49.90", currency: "euro", items: 1.5 };
  expect(readCommand(["order", order])).toEqual(["order", { id: "4711" }]);
  const named = warn.mock.calls.map(([what]) => String(what));
  expect(named.join()).toMatch(/order\.value.*order\.currency.*order\.items/);
});

test("texts are cut in whole characters and props to eight", () => {
  const props = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, i]));
  const command = readCommand(["event", { name: "😀".repeat(70), props }]);
  const [, event] = command as readonly ["event", { name: string; props: object }];
  expect(event.name).toBe("😀".repeat(64));
  expect(Object.entries(event.props)).toHaveLength(8);
  expect(event.props).toMatchObject({ p0: "0", p7: "7" });
});

test("groups without any weight are left out", () => {
  expect(readCommand(["test", { name: "speed", groups: { A: 0, B: -1 } }])).toEqual([
    "test",
    { name: "speed" },
  ]);
  expect(warn).toHaveBeenCalled();
});
