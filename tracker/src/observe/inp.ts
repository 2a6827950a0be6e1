/** Interaction to next paint: each time the estimate changes, through web-vitals. */
import { onINP } from "web-vitals";
import type { Report } from "./report.ts";

export function observeInp(report: Report): void {
  onINP(({ value }) => report("inp", value), { reportAllChanges: true });
}
