/**
 * One page impression: its id, the numbers of its beacons, and its timers as far as they are known.
 *
 * Always holds: every seq from 0 to 63 is given out at most once, in order. The last numbers are kept
 * from events, so that a page full of events still delivers its vitals and orders.
 */
import {
  type BeaconType,
  type Delivery,
  type NavigationType,
  type Page,
  rounded,
} from "./beacon.ts";
import { newIdentifier } from "./identifier.ts";

const SEQ_LIMIT = 64;
const EVENT_LIMIT = 56;

export interface Impression {
  readonly id: string;
  /** The browser's number of the soft navigation that began it; 0 for a document's first, and a restored one. */
  readonly softId: number;
  readonly referrer: string;
  readonly navigation: NavigationType;
  /** When it began, in ms on the page's clock: 0, or the time of activation, restoring or soft navigation. */
  readonly startedAt: number;
  /** Milliseconds by name, and the unitless `cls`. */
  readonly timers: Record<string, number>;
  /** What the accelerated variant did on this page, as far as the page has told. */
  delivery?: Delivery;
  /** The session it belongs to, from its first beacon on. */
  session?: string;
  /** The page as its first beacon described it: a soft navigation changes the address, and not this. */
  page?: Page;
  /** By vital the element that it is about, in the build with attribution. */
  elements?: Readonly<Record<string, string | undefined>>;
  /** What its last vitals beacon said. */
  told?: string;
  /** The errors that were told, so that each is told once. */
  readonly errors: Set<string>;
  /** Whether the visitor has clicked or typed. */
  isUsed?: boolean;
  /** The number of its next beacon. */
  seq: number;
  /** A number that was given out and has come back unused. */
  spare?: number | undefined;
}

export function createImpression(
  navigation: NavigationType,
  startedAt: number,
  softId = 0,
  referrer = document.referrer,
): Impression {
  const id = newIdentifier();
  return {
    id,
    softId,
    navigation,
    startedAt,
    referrer,
    timers: {},
    errors: new Set(),
    seq: 0,
  };
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
