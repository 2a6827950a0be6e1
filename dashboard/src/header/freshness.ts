/** How new what is seen is, in words. Enters: a live event. Leaves: the text of the badge, and its longer hint. */
import { clock, duration, instant } from "../format.ts";
import type { LiveEvent } from "../live.ts";

export interface Freshness {
  readonly text: string;
  readonly hint: string;
}

export function freshness(event: LiveEvent): Freshness {
  const { lag_seconds: lag, watermark } = event;
  if (watermark === null) return { text: "no beacon yet", hint: "no beacon yet" };
  const newest = new Date(watermark);
  if (lag !== null) {
    return { text: `${duration(lag)} behind`, hint: `newest beacon ${instant(newest)}` };
  }
  // Over a search store nobody knows how long beacons wait, but everybody sees how old the newest minute is.
  const sameDay = newest.toDateString() === new Date(event.now).toDateString();
  return {
    text: `newest minute ${sameDay ? clock(newest) : instant(newest)}`,
    hint: `newest minute in the store: ${instant(newest)}`,
  };
}
