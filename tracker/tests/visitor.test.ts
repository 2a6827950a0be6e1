import { afterEach, expect, test } from "vitest";
import { createKeep } from "../src/storage.ts";
import { countVisitor } from "../src/visitor.ts";
import { refusedKeep } from "./refused.ts";

const keep = createKeep(() => localStorage);
const at = (text: string) => Date.parse(text);

afterEach(() => localStorage.clear());

test("a visitor is new once a day and once a month", () => {
  const flags = [
    "2026-11-29T08:00Z",
    "2026-11-29T23:59Z",
    "2026-11-30T00:00Z",
    "2026-12-01T00:00Z",
    "2027-12-01T00:00Z",
  ].map((time) => countVisitor(keep, "shop", at(time)));
  expect(flags).toEqual([
    { newToday: true, newThisMonth: true },
    { newToday: false, newThisMonth: false },
    { newToday: true, newThisMonth: false },
    { newToday: true, newThisMonth: true },
    { newToday: true, newThisMonth: true },
  ]);
});

test("without storage nobody is counted as new", () => {
  expect(countVisitor(refusedKeep(), "shop", at("2026-11-29T08:00Z"))).toBeUndefined();
});
