/**
 * The outbox: beacons enter as drafts, leave together, and wait while they may not leave.
 *
 * Always holds: a draft becomes a beacon when it leaves and not before, so that what the page said in
 * the meantime is in it and nothing is stored before consent. A beacon that could not be delivered is
 * tried once more with the next one; the server knows it by its seq, should it have arrived after all.
 */

/** Sends beacons; `leaving` when the page may be gone in a moment. Those that were lost go to `failed`. */
export type Deliver<B> = (
  beacons: readonly B[],
  leaving: boolean,
  failed: (beacons: readonly B[]) => void,
) => void;

export interface Outbox<D> {
  put(draft: D): void;
  /** Calls back before the next beacons leave, in a turn of its own, once the outbox is open. */
  whenOpen(callback: () => void): void;
  /** Sends what waits at once, if the outbox is open. */
  flush(leaving: boolean): void;
  /** Lets what waits leave, and what comes; or holds both back. */
  setOpen(open: boolean): void;
}

/** An outbox that holds everything back until it is opened. */
export function createOutbox<D, B>(assemble: (draft: D) => B, deliver: Deliver<B>): Outbox<D> {
  let isOpen = false;
  const callbacks: (() => void)[] = [];
  const drafts: D[] = [];
  const returned: B[] = [];

  const flush = (leaving: boolean) => {
    if (!isOpen) return;
    for (const callback of callbacks.splice(0)) callback();
    const fresh = drafts.splice(0).map(assemble);
    // What was lost waits for a beacon to go with: at once it would be lost again.
    if (fresh.length === 0 && !leaving) return;
    const beacons = [...returned.splice(0), ...fresh];
    if (beacons.length === 0) return;
    deliver(beacons, leaving, (lost) => {
      returned.push(...lost.filter((beacon) => fresh.includes(beacon)));
    });
  };
  // What comes in one turn leaves in one request.
  const schedule = () => queueMicrotask(() => flush(false));
  return {
    put: (draft) => {
      drafts.push(draft);
      schedule();
    },
    whenOpen: (callback) => {
      callbacks.push(callback);
      schedule();
    },
    flush,
    setOpen: (open) => {
      isOpen = open;
      schedule();
    },
  };
}
