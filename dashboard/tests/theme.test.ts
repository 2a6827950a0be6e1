import { describe, expect, it } from "vitest";
import { PALETTES } from "../src/theme.ts";

/** Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** What a viewer without the M cones sees, in linear RGB: Viénot, Brettel and Mollon 1999. */
function deuteranope(hex: string): [number, number, number] {
  const [r, g, b] = [1, 3, 5].map(
    (at) => (Number.parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2,
  ) as [number, number, number];
  const yellow = 0.29275 * r + 0.70725 * g;
  return [yellow, yellow, -0.02234 * r + 0.02234 * g + b];
}

describe.each(Object.entries(PALETTES))("in the %s scheme", (_, palette) => {
  it("every text colour can be read on every ground", () => {
    const { ink, muted, faint, alert } = palette;
    for (const text of [ink, muted, faint, alert]) {
      expect(contrast(text, palette.ground)).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(ink, palette.raised)).toBeGreaterThanOrEqual(4.5);
  });

  it("every group's colour can be read as text", () => {
    for (const colour of palette.groups) {
      expect(contrast(colour, palette.ground)).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("every mark and border stands out", () => {
    const { border, good, fair, poor } = palette;
    for (const mark of [border, good, fair, poor]) {
      expect(contrast(mark, palette.ground)).toBeGreaterThanOrEqual(3);
    }
  });

  it("control and variant differ for the colour-blind, by more than half of the range of blue", () => {
    const [control, variant] = palette.groups.slice(0, 2).map(deuteranope) as number[][];
    const opponent = ([yellow = 0, , blue = 0]: number[]) => (blue - yellow) / (blue + yellow);
    expect(opponent(variant ?? []) - opponent(control ?? [])).toBeGreaterThan(0.5);
  });
});
