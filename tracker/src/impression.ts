/**
 * One page impression: its id, the numbers of its beacons, and its timers as far as they are known.
 *
 * Always holds: every seq from 0 to 63 is given out at most once, in order. The last numbers are kept
 * from events, so that a page full of events still delivers its vitals and orders.
 */
import { type BeaconType, type Delivery, type NavigationType, rounded } from "./beacon.ts";
import { newIdentifier } from "./identifier.ts";

const SEQ_LIMIT = 64;
const EVENT_LIMIT = 56;

export interface Impression {
  readonly id: string;
  readonly navigation: NavigationType;
  /** When it began, in ms on the page's clock: 0, or the time of activation or restoring. */
  readonly startedAt: number;
  /** Milliseconds by name, and the unitless `cls`. */
  readonly timers: Record<string, number>;
  /** What the accelerated variant did on this page, as far as the page has told. */
  delivery?: Delivery;
  /** The session it belongs to, from its first beacon on. */
  session?: string;
  /** The number of its next beacon. */
  seq: number;
}

export function createImpression(navigation: NavigationType, startedAt: number): Impression {
  return { id: newIdentifier(), navigation, startedAt, timers: {}, seq: 0 };
}

/** The number of the next beacon of this type; undefined when it may not be sent any more. */
export function takeSeq(impression: Impression, type: BeaconType): number | undefined {
  const limit = type === "event" ? EVENT_LIMIT : SEQ_LIMIT;
  return impression.seq < limit ? impression.seq++ : undefined;
}

/** Notes a timer; a later value replaces an earlier one. */
export function record({ timers }: Impression, name: string, value: number): void {
  timers[name] = rounded(value, name === "cls" ? 6 : 3);
}
