/**
 * The visit of a page: what is observed enters, drafts of beacons leave to the outbox.
 *
 * Always holds: an impression's first beacon is its navigation beacon, it has at most one load beacon,
 * and after seq 63 nothing more leaves.
 */
import type { NavigationType, Order, PageEvent, Timers } from "./beacon.ts";
import type { Draft } from "./context.ts";
import { createImpression, type Impression, record, takeSeq } from "./impression.ts";
import type { Vital } from "./observe/vitals.ts";
import type { Outbox } from "./outbox.ts";
import { createVitalsTeller } from "./vitals.ts";

/** How long late values of what a soft navigation ended are waited for, and values that change gathered. */
const SETTLE_MS = 1000;

/** What a beacon is about. */
export interface Content {
  readonly timers?: Timers;
  readonly event?: PageEvent;
  readonly order?: Order;
}

export interface Visit {
  /** The page impression that is going on. */
  impression(): Impression;
  /** Begins a page impression: the first, or one of the same document. */
  begin(navigation: NavigationType, startedAt: number, timers: Timers, softId?: number): void;
  /** A value of a web vital; that of a soft navigation which is new begins a page impression. */
  measure(vital: Vital): void;
  /** The page has loaded. */
  load(timers: Timers): void;
  /** A beacon of the impression that is going on. */
  put(type: Draft["type"], content: Content): void;
  /** The page may be gone in a moment: everything that is new leaves now. */
  leave(): void;
}

/** A visit that has to begin. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: small functions over one state
export function createVisit(outbox: Outbox<Draft>): Visit {
  /** The one that is going on is the last; before it are those whose last values may still come. */
  let impressions: Impression[] = [];
  let isLoaded: boolean;
  let timeout: unknown;
  const vitals = createVitalsTeller(outbox);
  const impression = () => impressions.at(-1) as Impression;
  const put: Visit["put"] = (type, content) => {
    const seq = takeSeq(impression(), type);
    if (seq !== undefined) outbox.put({ impression: impression(), seq, type, ...content });
  };
  const putSettled = (type: Draft["type"], known: Timers) => {
    for (const [name, value] of Object.entries(known)) record(impression(), name, value);
    // These three are final only when the page is left.
    const { lcp, inp, cls, ...timers } = impression().timers;
    put(type, { timers });
  };
  const load: Visit["load"] = (known) => {
    if (!isLoaded) putSettled("load", known);
    isLoaded = true;
  };
  const begin: Visit["begin"] = (navigation, startedAt, known, softId) => {
    impressions.push(
      createImpression(navigation, startedAt, softId, softId ? impression().page?.url : undefined),
    );
    isLoaded = false;
    putSettled("navigation", known);
  };
  const tell = (told: Impression[]) => {
    vitals.takeBack();
    vitals.tell(told);
    impressions = [impression()];
  };
  const settle = () => {
    timeout = 0;
    tell(impressions.slice(0, -1));
    if (impression().softId) load({});
    vitals.standBy(impression());
  };
  return {
    impression,
    begin,
    measure: ({ name, value, softId, startedAt, element }) => {
      if (softId && startedAt > impression().startedAt)
        begin("soft-navigation", startedAt, { ttfb: 0 }, softId);
      const measured = impressions.filter((each) => each.softId === softId).pop();
      if (measured) record(measured, name, value);
      if (ATTRIBUTES && measured) measured.elements = { ...measured.elements, [name]: element };
      if (!timeout) timeout = setTimeout(settle, SETTLE_MS);
    },
    load,
    put,
    leave: () => {
      tell(impressions);
      outbox.flush(true);
    },
  };
}
