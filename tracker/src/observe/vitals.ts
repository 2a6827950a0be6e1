/**
 * Web vitals: each time one of them changes, through web-vitals.
 *
 * A value belongs to the document's first page impression, to a restored one, or to that which a soft navigation
 * began: then `softId` is the browser's number of it and `startedAt` its time on the page's clock. The old
 * one's last values may come after the new one's first.
 */
import { onCLS } from "web-vitals/onCLS.js";
import { onFCP } from "web-vitals/onFCP.js";
import { onINP } from "web-vitals/onINP.js";
import { onLCP } from "web-vitals/onLCP.js";
import { clip } from "../beacon.ts";

/** A value of a web vital. */
export interface Vital {
  readonly name: string;
  readonly value: number;
  readonly softId: number;
  readonly startedAt: number;
  /** The element that it is about, as a CSS selector; known to the build with attribution only. */
  readonly element?: string | undefined;
}

/** What the attribution build of web-vitals adds. */
interface Attribution {
  readonly target?: string;
  readonly interactionTarget?: string;
  readonly largestShiftTarget?: string;
}

const EVERYTHING = { reportAllChanges: true, reportSoftNavs: true };

export function observeVitals(report: (vital: Vital) => void): void {
  for (const observe of [onFCP, onLCP, onCLS, onINP]) {
    observe((metric) => {
      const { name, value, navigationType, navigationId, navigationStartTime = 0 } = metric;
      report({
        name: name.toLowerCase(),
        value,
        softId: navigationType === "soft-navigation" ? navigationId : 0,
        startedAt: navigationStartTime,
        ...(ATTRIBUTES && { element: elementOf(metric as { attribution?: Attribution }) }),
      });
    }, EVERYTHING);
  }
}

function elementOf({ attribution: told }: { attribution?: Attribution }): string | undefined {
  const element = told?.target ?? told?.interactionTarget ?? told?.largestShiftTarget;
  return element && clip(element, 256);
}
