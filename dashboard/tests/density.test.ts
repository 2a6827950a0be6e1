import { describe, expect, it } from "vitest";
import { densitySteps, leftOut, type Scale, type Series, type Step } from "../src/density.ts";
import { CELLS, lowerEdge, OVERFLOW, ZERO } from "../src/ll32.ts";

/** A reproducible series whose cells are drawn around `middle`. */
function series(group: string, total: number, middle: number): Series {
  const counts = new Map<number, number>();
  let seed = 7;
  for (let index = 0; index < total; index++) {
    let offset = 0;
    for (let term = 0; term < 6; term++) {
      seed = (seed * 48_271) % 2_147_483_647;
      offset += seed / 2_147_483_647 - 0.5;
    }
    const cell = Math.round(middle + offset * 40);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const cells = [...counts].sort(([a], [b]) => a - b).map(([cell, count]) => ({ cell, count }));
  return { group, count: total, cells };
}

function area(steps: readonly Step[], scale: Scale): number {
  return steps
    .filter(({ from, to }) => to > from)
    .reduce(
      (sum, { from, to, density }) =>
        sum + density * (scale === "log" ? Math.log(to / from) : to - from),
      0,
    );
}

describe("cell edges", () => {
  it.each([
    [64, 3.125],
    [224, 100],
    [256, 200],
    [384, 3200],
    [CELLS, 102_400],
  ])("cell %d begins at %d ms", (cell, ms) => {
    expect(lowerEdge(cell)).toBe(ms);
  });

  it("ascend", () => {
    for (let cell = 0; cell < CELLS; cell++) {
      expect(lowerEdge(cell + 1)).toBeGreaterThan(lowerEdge(cell));
    }
  });

  it("hold the thresholds of the vitals exactly", () => {
    const edges = new Set(Array.from({ length: CELLS }, (_, cell) => lowerEdge(cell)));
    for (const threshold of [100, 200, 250, 500, 800, 1800, 2500, 3000, 4000]) {
      expect(edges).toContain(threshold);
    }
  });
});

describe.each(["log", "linear"] as const)("densities in %s time", (scale) => {
  const two = [series("A", 5000, 350), series("B", 300, 330)];

  it("have an area of 1 per group, whatever its size", () => {
    const steps = densitySteps(two, scale, 1);
    for (const group of ["A", "B"]) {
      const own = steps.filter((step) => step.group === group);
      expect(area(own, scale)).toBeCloseTo(1, 9);
    }
  });

  it("keep every value", () => {
    const steps = densitySteps(two, scale, 1);
    const counted = steps
      .filter(({ group }) => group === "A")
      .reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(5000);
  });

  it("have the same edges in every group", () => {
    const steps = densitySteps(two, scale, 1);
    const edges = (group: string) =>
      steps.filter((one) => one.group === group).map(({ from }) => from);
    expect(edges("A")).toEqual(edges("B"));
  });

  it("begin and end at nothing", () => {
    const own = densitySteps(two, scale, 1).filter(({ group }) => group === "A");
    // At 0 ms there is no room left of the first bin.
    if (own[0]?.from !== 0) expect(own[0]?.density).toBe(0);
    expect(own.at(-1)?.density).toBe(0);
    expect(own.at(-2)?.density).toBe(0);
  });

  it("of a single value are one bar that holds it", () => {
    const one = { group: "A", count: 1, cells: [{ cell: 330, count: 1 }] };
    const bars = densitySteps([one], scale, 1).filter(({ count }) => count > 0);
    expect(bars).toHaveLength(1);
    expect(bars[0]?.from).toBeLessThanOrEqual(lowerEdge(330));
    expect(bars[0]?.to).toBeGreaterThanOrEqual(lowerEdge(331));
  });

  it("of the lowest and the highest cell stay finite", () => {
    const ends = {
      group: "A",
      count: 2,
      cells: [
        { cell: 0, count: 1 },
        { cell: CELLS - 1, count: 1 },
      ],
    };
    const steps = densitySteps([ends], scale, 1);
    expect(steps.every(({ density }) => Number.isFinite(density))).toBe(true);
    expect(steps.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it("of CLS are in its own unit", () => {
    const one = { group: "A", count: 1, cells: [{ cell: 256, count: 1 }] };
    const bar = densitySteps([one], scale, 1 / 1000).find(({ count }) => count > 0);
    expect(bar?.from).toBeLessThanOrEqual(0.2);
    expect(bar?.to).toBeGreaterThan(0.2);
    expect(bar?.to).toBeLessThan(0.25);
  });

  it("of nothing are nothing", () => {
    expect(densitySteps([], scale, 1)).toEqual([]);
    expect(densitySteps([{ group: "A", count: 0, cells: [] }], scale, 1)).toEqual([]);
  });
});

it("zeros and overflow are not drawn, but told", () => {
  const one: Series = {
    group: "A",
    count: 10,
    cells: [
      { cell: ZERO, count: 4 },
      { cell: 300, count: 5 },
      { cell: OVERFLOW, count: 1 },
    ],
  };
  expect(leftOut([one])).toEqual([{ group: "A", zero: 0.4, overflow: 0.1 }]);
  const steps = densitySteps([one], "log", 1);
  expect(steps.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(0.5, 9);
});
