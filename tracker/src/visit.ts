/**
 * The visit of a page: what is observed enters, drafts of beacons leave to the outbox.
 *
 * Always holds: an impression's first beacon is its navigation beacon, it has at most one load beacon,
 * and after seq 63 nothing more leaves.
 */
import type { NavigationType, Order, PageEvent, Timers } from "./beacon.ts";
import type { Draft } from "./context.ts";
import { createImpression, type Impression, record, takeSeq } from "./impression.ts";
import type { Outbox } from "./outbox.ts";

/** What a beacon is about. */
export interface Content {
  readonly timers?: Timers;
  readonly event?: PageEvent;
  readonly order?: Order;
}

export interface Visit {
  /** The page impression that is going on. */
  impression(): Impression;
  /** Begins a page impression: the first, or one of the same document after it was put aside. */
  begin(navigation: NavigationType, startedAt: number, timers: Timers): void;
  /** The page has loaded. */
  load(timers: Timers): void;
  /** A beacon of the impression that is going on. */
  put(type: Draft["type"], content: Content): void;
  /** The page may be gone in a moment: everything that is new leaves now. */
  leave(): void;
}

/** A visit that has to begin. */
export function createVisit(outbox: Outbox<Draft>): Visit {
  let impression: Impression;
  let isLoaded: boolean;
  let told: string;
  const put: Visit["put"] = (type, content) => {
    const seq = takeSeq(impression, type);
    if (seq !== undefined) outbox.put({ impression, seq, type, ...content });
  };
  const putSettled = (type: Draft["type"], known: Timers) => {
    for (const [name, value] of Object.entries(known)) record(impression, name, value);
    // These three are final only when the page is left.
    const { lcp, inp, cls, ...timers } = impression.timers;
    put(type, { timers });
  };
  return {
    impression: () => impression,
    begin: (navigation, startedAt, known) => {
      impression = createImpression(navigation, startedAt);
      isLoaded = false;
      putSettled("navigation", known);
    },
    load: (known) => {
      if (!isLoaded) putSettled("load", known);
      isLoaded = true;
    },
    put,
    leave: () => {
      const timers = { ...impression.timers };
      const news = JSON.stringify([impression.id, timers, impression.delivery]);
      if (news !== told) put("vitals", { timers });
      told = news;
      outbox.flush(true);
    },
  };
}
