import { afterEach, expect, test, vi } from "vitest";
import type { PageEvent } from "../src/beacon.ts";
import { widthClass } from "../src/browser.ts";
import { describeError, observeErrors } from "../src/observe/errors.ts";
import { observeLeaving } from "../src/observe/leaving.ts";
import { navigationTimers, navigationType } from "../src/observe/navigation.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const entry = (fields: object) =>
  ({
    type: "navigate",
    activationStart: 0,
    responseStart: 40,
    domContentLoadedEventStart: 90,
    loadEventStart: 0,
    ...fields,
  }) as PerformanceNavigationTiming;

test("only what has happened is timed", () => {
  expect(navigationTimers(entry({}), 100)).toEqual({ ttfb: 40, dcl: 90 });
});

test("times that are negative or to come are left out", () => {
  expect(navigationTimers(entry({ responseStart: -3, loadEventStart: 900 }), 100)).toEqual({
    dcl: 90,
  });
});

test("times of a prerendered page count from its activation, what came before is 0", () => {
  const timers = navigationTimers(entry({ activationStart: 70 }), 100);
  expect(timers).toEqual({ ttfb: 0, dcl: 20 });
});

test.each([
  [{ type: "back_forward" }, "back-forward"],
  [{ type: "reload" }, "reload"],
  [{ activationStart: 7 }, "prerender"],
])("a navigation with %j is %s", (fields, expected) => {
  expect(navigationType(entry(fields))).toBe(expected);
});

test("a page that is about to be unloaded is left while it loads, and kept as it is after that", () => {
  vi.useFakeTimers();
  vi.spyOn(document, "readyState", "get").mockReturnValue("interactive");
  const leaving = vi.fn();
  observeLeaving(leaving);
  dispatchEvent(new Event("beforeunload"));
  expect(leaving).toHaveBeenCalledTimes(1);
  dispatchEvent(new Event("load"));
  vi.runAllTimers();
  dispatchEvent(new Event("beforeunload"));
  expect(leaving).toHaveBeenCalledTimes(1);
  dispatchEvent(new Event("pagehide"));
  expect(leaving).toHaveBeenCalledTimes(2);
});

test("a width belongs to a class of 480 pixels", () => {
  const widths = [390, 480, 481, 1440, 1920, 3840];
  expect(widths.map(widthClass)).toEqual(["480", "480", "960", "1440", "1920", "2400"]);
});

test("an error names its message and the end of its source, without the query", () => {
  const source = `https://cdn.example/${"x".repeat(60)}/app.js?token=1`;
  const { name, props } = describeError("m".repeat(99), source, 7, 3);
  expect(name).toBe("error");
  expect(props?.message).toBe("m".repeat(64));
  expect(props?.source).toHaveLength(64);
  expect(props?.source).toMatch(/x\/app\.js:7:3$/);
});

test("an error that repeats is told once per impression, and at most ten are", () => {
  const told: PageEvent[] = [];
  let counted = new Set<string>();
  observeErrors(
    () => counted,
    (event) => told.push(event),
  );
  const fail = (message: string) => dispatchEvent(new ErrorEvent("error", { message }));
  for (let i = 0; i < 30; i++) fail(`failure ${i % 15}`);
  expect(told.map(({ props }) => props?.message)).toEqual(
    Array.from({ length: 10 }, (_, i) => `failure ${i}`),
  );
  counted = new Set();
  fail("failure 0");
  expect(told).toHaveLength(11);
});
