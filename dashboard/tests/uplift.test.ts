import { expect, it } from "vitest";
import { uplift } from "../src/uplift.ts";

it("a faster variant has a negative uplift in time", () => {
  expect(uplift(2000, 1600)).toEqual({ absolute: -400, relative: -0.2 });
});

it("there is no uplift where a group has no value", () => {
  expect(uplift(null, 1600)).toBeNull();
  expect(uplift(2000, null)).toBeNull();
});

it("there is no percentage of a control of 0", () => {
  expect(uplift(0, 0.05)).toEqual({ absolute: 0.05, relative: null });
});
