import { afterEach, expect, test, vi } from "vitest";
import type { Draft } from "../src/context.ts";
import { record } from "../src/impression.ts";
import { createVisit } from "../src/visit.ts";

afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const drafts: Draft[] = [];
  const outbox = {
    put: (draft: Draft) => drafts.push(draft),
    whenOpen: vi.fn(),
    flush: vi.fn(),
    setOpen: vi.fn(),
    defer: vi.fn<(draft: Draft) => () => boolean>(() => () => true),
  };
  const visit = createVisit(outbox);
  visit.begin("navigate", 0, { ttfb: 12.5 });
  const told = () => drafts.map(({ seq, type, timers }) => [seq, type, timers]);
  return { visit, outbox, drafts, told };
}

test("a visit tells navigation, load and, when left, the vitals", () => {
  const { visit, outbox, told } = setUp();
  record(visit.impression(), "lcp", 300);
  visit.load({ ttfb: 12.5, load: 80 });
  visit.leave();
  expect(told()).toEqual([
    [0, "navigation", { ttfb: 12.5 }],
    [1, "load", { ttfb: 12.5, load: 80 }],
    [2, "vitals", { ttfb: 12.5, load: 80, lcp: 300 }],
  ]);
  expect(outbox.flush).toHaveBeenCalledWith(true);
});

test("the vitals are told again only with news", () => {
  const { visit, told } = setUp();
  visit.leave();
  visit.leave();
  expect(told()).toHaveLength(2);
  record(visit.impression(), "inp", 40);
  visit.leave();
  expect(told()[2]).toEqual([2, "vitals", { ttfb: 12.5, inp: 40 }]);
  visit.impression().delivery = { served: true };
  visit.leave();
  expect(told()).toHaveLength(4);
});

test("the load beacon is sent once per impression", () => {
  const { visit, told } = setUp();
  visit.load({});
  visit.load({});
  expect(told().map(([, type]) => type)).toEqual(["navigation", "load"]);
});

test("an impression begun anew has its own id, numbers and timers", () => {
  const { visit, drafts, told } = setUp();
  visit.load({ load: 80 });
  visit.begin("back-forward-cache", 5000, { ttfb: 0 });
  visit.load({});
  expect(told().slice(2)).toEqual([
    [0, "navigation", { ttfb: 0 }],
    [1, "load", { ttfb: 0 }],
  ]);
  expect(drafts[2]?.impression.id).not.toBe(drafts[0]?.impression.id);
});

const vital = (name: string, value: number, softId = 0, startedAt = 0) => ({
  name,
  value,
  softId,
  startedAt,
});

test("values that change are given to the browser, and taken back when the page is left", () => {
  vi.useFakeTimers();
  const { visit, outbox, told } = setUp();
  visit.measure(vital("lcp", 300));
  visit.measure(vital("cls", 0.1));
  vi.advanceTimersByTime(1000);
  expect(outbox.defer).toHaveBeenCalledOnce();
  expect(outbox.defer.mock.calls[0]?.[0]).toMatchObject({ seq: 1, timers: { lcp: 300, cls: 0.1 } });
  visit.leave();
  expect(told()[1]).toEqual([1, "vitals", { ttfb: 12.5, lcp: 300, cls: 0.1 }]);
});

test("what the browser has sent already is not said again, nor its number used", () => {
  vi.useFakeTimers();
  const { visit, outbox, told } = setUp();
  outbox.defer.mockReturnValue(() => false);
  visit.measure(vital("lcp", 300));
  vi.advanceTimersByTime(1000);
  visit.leave();
  expect(told()).toHaveLength(1);
  visit.measure(vital("lcp", 400));
  visit.leave();
  expect(told()[1]).toEqual([2, "vitals", { ttfb: 12.5, lcp: 400 }]);
});

test("a soft navigation is an impression, and late values go to the one that they belong to", () => {
  vi.useFakeTimers();
  const { visit, drafts, told } = setUp();
  visit.load({ load: 80 });
  visit.measure(vital("fcp", 30, 7, 5000));
  visit.measure(vital("inp", 64));
  vi.advanceTimersByTime(1000);
  expect(told().slice(2)).toEqual([
    [0, "navigation", { ttfb: 0 }],
    [2, "vitals", { ttfb: 12.5, load: 80, inp: 64 }],
    [1, "load", { ttfb: 0, fcp: 30 }],
  ]);
  expect(drafts[2]?.impression).toMatchObject({ navigation: "soft-navigation", startedAt: 5000 });
  visit.measure(vital("inp", 72));
  visit.measure(vital("lcp", 90, 7, 5000));
  visit.leave();
  expect(told().slice(5)).toEqual([[2, "vitals", { ttfb: 0, fcp: 30, lcp: 90 }]]);
});

test("a page left just after a soft navigation tells both impressions", () => {
  vi.useFakeTimers();
  const { visit, told } = setUp();
  visit.measure(vital("lcp", 300));
  visit.measure(vital("fcp", 30, 7, 5000));
  visit.leave();
  expect(told().slice(2)).toEqual([
    [1, "vitals", { ttfb: 12.5, lcp: 300 }],
    [1, "vitals", { ttfb: 0, fcp: 30 }],
  ]);
});
