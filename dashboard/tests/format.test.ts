import { describe, expect, it } from "vitest";
import { count, duration, money, percent, points, share, signed, timing } from "../src/format.ts";

describe("values of timers", () => {
  it.each([
    [1240, "1,240 ms"],
    [812.5, "813 ms"],
    [8.44, "8.4 ms"],
    [9.96, "10 ms"],
    [0, "0 ms"],
    [9999.4, "9,999 ms"],
    [9999.5, "10.0 s"],
    [12_345, "12.3 s"],
    [-260, "−260 ms"],
  ])("%d ms reads %s", (value, text) => {
    expect(timing(value, "ms")).toBe(text);
  });

  it("of CLS have no unit and three digits", () => {
    expect(timing(0.0842, "")).toBe("0.084");
    expect(timing(12, "")).toBe("12.000");
  });

  it("with nothing to stand on are a dash, never 0", () => {
    for (const text of [
      timing(null, "ms"),
      count(null),
      share(null),
      points(null),
      percent(null),
    ]) {
      expect(text).toBe("–");
    }
    expect(money(null, "EUR")).toBe("–");
  });
});

describe("differences", () => {
  it("carry their sign", () => {
    const format = (size: number) => timing(size, "ms");
    expect(signed(-260, format)).toBe("−260 ms");
    expect(signed(12, format)).toBe("+12 ms");
    expect(percent(-0.2097)).toBe("−21.0 %");
    expect(points(0.0042)).toBe("+0.42 points");
  });

  it("that round to nothing carry none", () => {
    expect(percent(-0.0001)).toBe("0.0 %");
    expect(signed(0, (size) => timing(size, "ms"))).toBe("0 ms");
  });
});

describe("other figures", () => {
  it("group thousands and name their currency", () => {
    expect(count(1_234_567)).toBe("1,234,567");
    expect(money(1234.5, "EUR")).toBe("€1,234.50");
    expect(money(1234, "JPY")).toBe("JP¥1,234");
    expect(share(0.0342, 2)).toBe("3.42 %");
  });

  it.each([
    [0.42, "0.4 s"],
    [12.3, "12 s"],
    [180, "3 min"],
    [10_000, "3 h"],
    [200_000, "2 days"],
    [-1, "0.0 s"],
  ])("%d seconds read %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
