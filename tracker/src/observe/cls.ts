/** Cumulative layout shift: each time it grows, through web-vitals. */
import { onCLS } from "web-vitals";
import type { Report } from "./report.ts";

export function observeCls(report: Report): void {
  onCLS(({ value }) => report("cls", value), { reportAllChanges: true });
}
