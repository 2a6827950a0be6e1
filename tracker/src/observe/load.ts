/** The load event. Calls back once the page has loaded, in a task of its own, after the page's handlers. */
export function observeLoad(loaded: () => void): void {
  const later = () => setTimeout(loaded);
  if (document.readyState === "complete") later();
  else addEventListener("load", later, { once: true });
}
