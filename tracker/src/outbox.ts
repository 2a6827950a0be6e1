/**
 * The outbox: beacons enter as drafts, leave together, and wait while they may not leave.
 *
 * Always holds: a draft becomes a beacon when it leaves and not before, so that what the page said in
 * the meantime is in it and nothing is stored before consent. A beacon that could not be delivered is
 * tried again with the next one; the server knows it by its seq, should it have arrived after all.
 */

/** Takes a deferred beacon back; false where it has left already. */
export type Withdraw = () => boolean;

/** How beacons leave. */
export interface Carrier<B> {
  /** Sends beacons; `leaving` when the page may be gone in a moment. Those that were lost go to `failed`. */
  send(beacons: readonly B[], leaving: boolean, failed: (beacons: readonly B[]) => void): void;
  /** Gives a beacon to the browser, to be sent when the page is gone; nothing where it takes none. */
  defer(beacon: B): Withdraw | undefined;
}

export interface Outbox<D> {
  put(draft: D): void;
  /** Has the browser send it once the page is gone, unless it is withdrawn or the outbox closed before. */
  defer(draft: D): Withdraw;
  /** Calls back before the next beacons leave, in a turn of its own, once the outbox is open. */
  whenOpen(callback: () => void): void;
  /** Sends what waits at once, if the outbox is open. */
  flush(leaving: boolean): void;
  /** Lets what waits leave, and what comes; or holds both back. */
  setOpen(open: boolean): void;
}

/** As many as one page impression has. */
const RETURNED = 64;

/** An outbox that holds everything back until it is opened. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: small functions over one state
export function createOutbox<D, B>(assemble: (draft: D) => B, carrier: Carrier<B>): Outbox<D> {
  let isOpen = false;
  let withdraw: Withdraw | undefined;
  const callbacks: (() => void)[] = [];
  const drafts: D[] = [];
  let returned: B[] = [];

  const flush = (leaving: boolean) => {
    if (!isOpen) return;
    for (const callback of callbacks.splice(0)) callback();
    const fresh = drafts.splice(0).map(assemble);
    // What was lost waits for a beacon to go with: at once it would be lost again.
    if (fresh.length === 0 && !leaving) return;
    const beacons = [...returned.splice(0), ...fresh];
    if (beacons.length === 0) return;
    carrier.send(beacons, leaving, (lost) => {
      returned = [...returned, ...lost].slice(-RETURNED);
    });
  };
  // What comes in one turn leaves in one request.
  const schedule = () => queueMicrotask(() => flush(false));
  return {
    put: (draft) => {
      drafts.push(draft);
      schedule();
    },
    defer: (draft) => {
      withdraw = isOpen ? carrier.defer(assemble(draft)) : undefined;
      return withdraw ?? (() => true);
    },
    whenOpen: (callback) => {
      callbacks.push(callback);
      schedule();
    },
    flush,
    setOpen: (open) => {
      isOpen = open;
      if (!open) withdraw?.();
      schedule();
    },
  };
}
