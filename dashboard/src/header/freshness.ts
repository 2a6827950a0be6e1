/** How new what is seen is, in words. Enters: a live event. Leaves: the text of the badge, and its longer hint. */
import { clock, duration, instant } from "../format.ts";
import type { LiveEvent } from "../live.ts";

export interface Freshness {
  readonly text: string;
  readonly hint: string;
}

export function freshness(event: LiveEvent): Freshness {
  const { lag_seconds: lag, watermark } = event;
  if (watermark === null) {
    // A search store is asked for its newest minutes when somebody listens, and of older ones nothing is said.
    const text = lag === null ? "no new beacon yet" : "no beacon yet";
    return { text, hint: text };
  }
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
