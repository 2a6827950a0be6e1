/**
 * The session id: one random id per visit, shared by all tabs of the browser.
 *
 * Always holds: the id is replaced after 30 minutes without a beacon, the server's own gap, and says
 * nothing about the visitor but that these page impressions belong together.
 */
import { text } from "./form.ts";
import { newIdentifier } from "./identifier.ts";
import { type Keep, readObject } from "./storage.ts";

const INACTIVITY_MS = 30 * 60 * 1000;

/** The id of the session that is going on at `now` (epoch ms), or of a new one; notes the activity. */
export function touchSession(keep: Keep, site: string, now: number, own?: string): string {
  const key = `session.${site}`;
  const stored = readObject(keep, key);
  // A clock that was set back leaves times of the future behind: those are as old as they are ahead.
  const alive = Math.abs(now - Number(stored.at)) < INACTIVITY_MS;
  const id = own || (alive && text(64)(stored.id)) || newIdentifier();
  keep.write(key, JSON.stringify({ id, at: now }));
  return id;
}
