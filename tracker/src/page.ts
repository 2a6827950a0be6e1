/**
 * The page as a beacon describes it.
 *
 * Always holds: a query string keeps only the allowlisted parameters, the fragment and credentials
 * are cut, and of the referrer only origin and path remain.
 */
import { clip } from "./beacon.ts";
import { attempt } from "./warn.ts";

const LIMIT = 2048;

/** `address` with only those query parameters that are in `parameters`; undefined where it is none. */
export function cleanAddress(address: string, parameters: readonly string[]): string | undefined {
  const url = attempt(() => new URL(address));
  if (!url) return undefined;
  const kept = [...url.searchParams].filter(([name]) => parameters.includes(name));
  url.search = String(new URLSearchParams(kept));
  url.hash = url.username = url.password = "";
  return clip(url.href, LIMIT);
}
