/** Largest contentful paint: each larger candidate, through web-vitals. */
import { onLCP } from "web-vitals";
import type { Report } from "./report.ts";

export function observeLcp(report: Report): void {
  onLCP(({ value }) => report("lcp", value), { reportAllChanges: true });
}
