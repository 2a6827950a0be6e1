import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TICK_MS, Ticker } from "../src/live.ts";

describe("ticks", () => {
  let hidden = false;
  let ticks = 0;
  let ticker: Ticker;

  beforeEach(() => {
    vi.useFakeTimers();
    [hidden, ticks] = [false, 0];
    ticker = new Ticker(
      () => {
        ticks += 1;
      },
      () => hidden,
      () => Date.now(),
    );
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("come at once after a quiet time", () => {
    ticker.changed();
    expect(ticks).toBe(1);
  });

  it("are never closer than the limit, and the last change is always told", () => {
    for (let change = 0; change < 10; change++) {
      ticker.changed();
      vi.advanceTimersByTime(100);
    }
    expect(ticks).toBe(1);
    vi.advanceTimersByTime(TICK_MS);
    expect(ticks).toBe(2);
    vi.advanceTimersByTime(10 * TICK_MS);
    expect(ticks).toBe(2);
  });

  it("wait while the page is hidden and come once when it is shown", () => {
    hidden = true;
    for (let change = 0; change < 5; change++) ticker.changed();
    vi.advanceTimersByTime(10 * TICK_MS);
    expect(ticks).toBe(0);
    hidden = false;
    ticker.flush();
    expect(ticks).toBe(1);
  });

  it("stop when told to", () => {
    ticker.changed();
    ticker.changed();
    ticker.stop();
    vi.advanceTimersByTime(10 * TICK_MS);
    expect(ticks).toBe(1);
  });
});
