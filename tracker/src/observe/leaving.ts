/**
 * Leaving: the page is hidden, navigated away from or closed. Calls back each time; there may be no
 * moment after it.
 *
 * Never `unload`, and `beforeunload` only before the load event: they keep pages out of the back/forward cache,
 * and phones skip them.
 */
import { observeLoad } from "./load.ts";

export function observeLeaving(leaving: () => void): void {
  // On the document, so that it comes after web-vitals, which listens while the event is still captured
  // by the window and then reports its last values.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leaving();
  });
  addEventListener("pagehide", leaving);
  // WebKit says nothing else to a page that is left before its load event. It has no fetchLater: what has would only
  // be told twice.
  if (!window.fetchLater) {
    addEventListener("beforeunload", leaving);
    observeLoad(() => removeEventListener("beforeunload", leaving));
  }
}
