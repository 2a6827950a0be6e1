/**
 * The colours, once, for both schemes: as custom properties for the style sheet and as a Vega config for
 * the charts. Colour means something or is absent: the control is rose, the first variant blue. Every
 * text colour has 4.5:1 against its ground, every mark 3:1 (WCAG 2.2 AA); a test holds that.
 */
import type { Config } from "vega-lite";

export type Scheme = "light" | "dark";
export type Choice = Scheme | "auto";

export interface Palette {
  readonly ground: string;
  readonly raised: string;
  readonly ink: string;
  readonly muted: string;
  /** For figures that stand on little; still 4.5:1. */
  readonly faint: string;
  readonly line: string;
  readonly border: string;
  readonly alert: string;
  readonly good: string;
  readonly fair: string;
  readonly poor: string;
  /** Control, first variant, second and third. */
  readonly groups: readonly [string, string, string, string];
}

export const PALETTES: Readonly<Record<Scheme, Palette>> = {
  light: {
    ground: "#ffffff",
    raised: "#f6f7f8",
    ink: "#1b1d21",
    muted: "#555b65",
    faint: "#6b717b",
    line: "#e3e5e8",
    border: "#868c96",
    alert: "#9a3412",
    good: "#2b8a57",
    fair: "#b97f10",
    poor: "#8f2d1f",
    groups: ["#c2255c", "#1c6dd0", "#0b7a75", "#8a5a00"],
  },
  dark: {
    ground: "#141619",
    raised: "#1c1f23",
    ink: "#e9eaec",
    muted: "#a9afb8",
    faint: "#8d949e",
    line: "#2c3036",
    border: "#757c87",
    alert: "#fdba74",
    good: "#4fb37d",
    fair: "#e2b04a",
    poor: "#dd6b5a",
    groups: ["#f2779f", "#6aaef5", "#4cc3b8", "#e0b050"],
  },
};

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const STORED = "bellrock.theme";
const prefersDark = () => matchMedia("(prefers-color-scheme: dark)");

/** What the viewer chose on this machine; `auto` follows the system. */
export function storedChoice(): Choice {
  const stored = localStorage.getItem(STORED);
  return stored === "light" || stored === "dark" ? stored : "auto";
}

export function storeChoice(choice: Choice): void {
  localStorage.setItem(STORED, choice);
}

export function schemeOf(choice: Choice): Scheme {
  if (choice !== "auto") return choice;
  return prefersDark().matches ? "dark" : "light";
}

/** Calls back whenever the system changes its mind; returns how to stop. */
export function onSystemChange(callback: () => void): () => void {
  const query = prefersDark();
  query.addEventListener("change", callback);
  return () => query.removeEventListener("change", callback);
}

/** Sets the palette as custom properties of the page. */
export function applyScheme(scheme: Scheme): void {
  const { style } = document.documentElement;
  const { groups, ...colours } = PALETTES[scheme];
  style.colorScheme = scheme;
  style.setProperty("--font", FONT);
  for (const [name, colour] of Object.entries(colours)) style.setProperty(`--${name}`, colour);
  groups.forEach((colour, index) => {
    style.setProperty(`--group-${index}`, colour);
  });
}

/** The Vega-Lite config of every panel; without a comparison the one series is drawn in ink. */
export function chartConfig(scheme: Scheme, compared: boolean): Config {
  const palette = PALETTES[scheme];
  return {
    background: "transparent",
    font: FONT,
    padding: { left: 0, right: 8, top: 8, bottom: 4 },
    view: { stroke: null },
    range: {
      category: compared ? [...palette.groups] : [palette.ink],
      symbol: ["circle", "square", "triangle-up", "diamond"],
    },
    axis: {
      domain: false,
      ticks: false,
      gridColor: palette.line,
      labelColor: palette.muted,
      labelFontSize: 12,
      labelPadding: 8,
      titleColor: palette.muted,
      titleFontSize: 12,
      titleFontWeight: "normal",
      titlePadding: 8,
    },
    axisX: { domain: true, domainColor: palette.border, grid: false },
    legend: { disable: true },
    line: { strokeWidth: 1.5, invalid: "break-paths-filter-domains" },
    rule: { strokeWidth: 1 },
    text: { fontSize: 12, color: palette.muted },
  };
}
