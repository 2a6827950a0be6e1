/** First contentful paint, through web-vitals. */
import { onFCP } from "web-vitals";
import type { Report } from "./report.ts";

export function observeFcp(report: Report): void {
  onFCP(({ value }) => report("fcp", value), { reportAllChanges: true });
}
