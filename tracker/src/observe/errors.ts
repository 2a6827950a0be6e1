/**
 * JavaScript errors: uncaught errors and rejected promises enter, events named "error" leave.
 *
 * Always holds: an error that repeats is told once per impression, and at most 10 different ones are.
 */
import { clip, type PageEvent } from "../beacon.ts";

const LIMIT = 10;
const TEXT = 64;

/** `told` gives those that the page impression has told: each begins to count anew. */
export function observeErrors(told: () => Set<string>, report: (event: PageEvent) => void): void {
  const tell = (event: PageEvent) => {
    const key = JSON.stringify(event);
    if (told().size >= LIMIT || told().has(key)) return;
    told().add(key);
    report(event);
  };
  addEventListener("error", (event) => {
    tell(describeError(event.message, event.filename, event.lineno, event.colno));
  });
  addEventListener("unhandledrejection", (event) => {
    tell(describeError(String(event.reason)));
  });
}

/** The event for an error; of the script's address the end is kept, without its query. */
export function describeError(text: string, file = "", line = 0, column = 0): PageEvent {
  const message = clip(text, TEXT);
  const path = file.split(/[?#]/)[0] ?? "";
  const source = path && `${path}:${line}:${column}`;
  return {
    name: "error",
    props: source ? { message, source: source.slice(-TEXT) } : { message },
  };
}
