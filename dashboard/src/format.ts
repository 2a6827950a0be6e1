/**
 * Numbers and times as people read them. Enters: exact values, null where there is nothing to stand on.
 * Leaves: text that always carries its unit; an en dash for null. Thousands are grouped by commas,
 * minus is U+2212, instants are shown in the viewer's own time zone.
 */
import type { Unit } from "./timers.ts";

export const NOTHING = "–";

const LOCALE = "en-GB";
const MINUS = "−";
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });

/** A count: 12,345. */
export function count(value: number | null): string {
  return value === null ? NOTHING : minus(whole.format(value));
}

/** A value of a timer: "8.4 ms", "1,240 ms", "12.3 s" from ten seconds on; CLS as "0.084". */
export function timing(value: number | null, unit: Unit): string {
  if (value === null) return NOTHING;
  if (unit === "") return minus(value.toFixed(3));
  const size = Math.abs(value);
  if (size >= 9_999.5) return minus(`${(value / 1000).toFixed(1)} s`);
  if (size > 0 && size < 9.95) return minus(`${value.toFixed(1)} ms`);
  return minus(`${whole.format(value)} ms`);
}

/** A share of 1 as percent: "3.42 %". */
export function share(value: number | null, digits = 1): string {
  return value === null ? NOTHING : minus(`${(value * 100).toFixed(digits)} %`);
}

/** A difference of two shares, in percentage points: "+0.42 points". */
export function points(value: number | null): string {
  return value === null ? NOTHING : signed(value, (size) => `${(size * 100).toFixed(2)} points`);
}

/** An amount in major units of an ISO 4217 currency. */
export function money(value: number | null, currency: string): string {
  if (value === null) return NOTHING;
  return minus(new Intl.NumberFormat(LOCALE, { style: "currency", currency }).format(value));
}

/** A signed difference, formatted by `format` without its sign: "+12 ms", "−260 ms", "0 ms". */
export function signed(value: number | null, format: (size: number) => string): string {
  if (value === null) return NOTHING;
  const text = format(Math.abs(value));
  if (!/[1-9]/.test(text)) return text;
  return `${value < 0 ? MINUS : "+"}${text}`;
}

/** A relative difference: "−21.0 %". */
export function percent(value: number | null): string {
  return signed(value, (size) => `${(size * 100).toFixed(1)} %`);
}

/** An instant in the viewer's zone: "23 Nov, 14:05". */
export function instant(at: Date): string {
  return new Intl.DateTimeFormat(LOCALE, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).format(at);
}

/** The time of an instant in the viewer's zone: "14:05". */
export function clock(at: Date): string {
  return new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" }).format(at);
}

/** How long something has been going on: "0.4 s", "12 s", "3 min", "5 h", "2 days". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(seconds, 0).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** The name of the viewer's time zone, such as "Europe/Berlin". */
export function viewerZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function minus(text: string): string {
  return text.replace("-", MINUS);
}
