/**
 * Restoring: the visitor comes back and the browser shows the very page it had put aside.
 *
 * Calls `restored` at once with the time of the event on the page's clock, and `painted` after the first
 * frame, when web-vitals has its paint times.
 */
export function observeRestore(restored: (time: number) => void, painted: () => void): void {
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    restored(event.timeStamp);
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(painted)));
  });
}
