/** Low-entropy hints about the browser, and its privacy signals. */
import type { BrowserHints } from "./beacon.ts";

export function browserHints(): BrowserHints {
  const { userAgentData: hints, webdriver } = navigator;
  return {
    mobile: hints?.mobile,
    platform: hints?.platform,
    webdriver: webdriver === true,
    // The screen and not the window: innerWidth makes the browser lay the page out at once.
    width: widthClass(screen.width),
  };
}

/** The width in CSS pixels rounded up to 480, at most 2400: phone, tablet, laptop, desktop, more. */
export function widthClass(width: number): string {
  return String(Math.min(Math.ceil(width / 480), 5) * 480);
}

/** Global Privacy Control is on. */
export function gpc(): boolean {
  return navigator.globalPrivacyControl === true;
}

/** The signals that this browser gives, by the names of `data-silent-on`. */
export function signals(): Readonly<Record<string, boolean>> {
  return {
    gpc: gpc(),
    dnt: navigator.doNotTrack === "1",
    webdriver: navigator.webdriver === true,
  };
}
