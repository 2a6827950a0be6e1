/** Where the page is: path and query string, with history. */
import { useEffect, useState } from "preact/hooks";

export interface Place {
  readonly path: string;
  readonly search: string;
}

const MOVED = "bellrock:moved";

/** The place, kept up to date. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const moved = () => setPlace(here());
    addEventListener("popstate", moved);
    addEventListener(MOVED, moved);
    return () => {
      removeEventListener("popstate", moved);
      removeEventListener(MOVED, moved);
    };
  }, []);
  return place;
}

/** Goes to an address of this dashboard without loading the page anew. */
export function visit(address: string, { replace = false } = {}): void {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new Event(MOVED));
}

/** To the sign-in page, and from there back to here. */
export function visitSignIn(): void {
  const { path, search } = here();
  const next = path === "/login" ? "/" : path + search;
  visit(`/login?next=${encodeURIComponent(next)}`, { replace: true });
}

function here(): Place {
  return { path: location.pathname, search: location.search };
}
