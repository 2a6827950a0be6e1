/** Interactions: the visitor clicks, taps or types. Calls back each time with the time on the page's clock. */
export function observeInteraction(interacted: (time: number) => void): void {
  for (const type of ["click", "keydown"]) {
    addEventListener(type, (event) => event.isTrusted && interacted(event.timeStamp), true);
  }
}
