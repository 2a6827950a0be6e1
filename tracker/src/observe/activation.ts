/** Activation. Calls back at once, or for a prerendered page when the visitor really gets to see it. */
export function whenActivated(activated: () => void): void {
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", activated, { once: true });
  } else {
    activated();
  }
}
