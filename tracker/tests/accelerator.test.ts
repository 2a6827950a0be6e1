import { afterEach, expect, test, vi } from "vitest";
import { readAccelerator } from "../src/accelerator.ts";

afterEach(() => vi.unstubAllGlobals());

test("what the accelerator's object says becomes delivery and test", () => {
  const told = { group: "B", enabled: true, served: false, version: 3 };
  vi.stubGlobal("SpeedKit", told);
  expect(readAccelerator("SpeedKit", "speed")).toEqual([
    ["delivery", told],
    ["test", { name: "speed", group: "B" }],
  ]);
});

test("without a group, or a name for the test, there is no test", () => {
  vi.stubGlobal("SpeedKit", { enabled: true });
  expect(readAccelerator("SpeedKit", "speed")).toEqual([["delivery", { enabled: true }]]);
  vi.stubGlobal("SpeedKit", { group: "A" });
  expect(readAccelerator("SpeedKit", undefined)).toEqual([["delivery", { group: "A" }]]);
});

test.each([undefined, null, "on", 7])("an object that is %j says nothing", (value) => {
  vi.stubGlobal("SpeedKit", value);
  expect(readAccelerator("SpeedKit", "speed")).toEqual([]);
  expect(readAccelerator(undefined, "speed")).toEqual([]);
});
