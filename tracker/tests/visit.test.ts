import { expect, test, vi } from "vitest";
import type { Draft } from "../src/context.ts";
import { record } from "../src/impression.ts";
import { createVisit } from "../src/visit.ts";

function setUp() {
  const drafts: Draft[] = [];
  const outbox = {
    put: (draft: Draft) => drafts.push(draft),
    whenOpen: vi.fn(),
    flush: vi.fn(),
    setOpen: vi.fn(),
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
