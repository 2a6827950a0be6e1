/**
 * Sending: beacons enter, requests leave.
 *
 * Always holds: a request is one JSON object, or an array of several, as text/plain (what a string is
 * sent as; it needs no preflight) and small enough for what browsers let outlive a page. Nothing here throws.
 */
import type { Beacon, TransportName } from "./beacon.ts";
import type { Carrier } from "./outbox.ts";
import { attempt } from "./warn.ts";

/** Beacons in one body: at their greatest length still below the 64 KiB of keepalive and collector. */
const PARCEL = 8;

/** What all requests that may outlive a page can hold together, in bytes. */
const KEEPALIVE_LIMIT = 2 ** 16;

/** One way to send. To add another, put it where it belongs in the two orders below. */
interface Transport {
  readonly name: TransportName;
  /** Whether the browser took the body; `failed` is called when it later turns out to be lost. */
  send(url: string, body: string, failed: () => void): boolean;
}

const request = (body: string) => ({ method: "POST", body, credentials: "omit" as const });

/** Sent at once, and by the browser itself: a page that is gone in the next moment is no matter. */
const later: Transport = {
  name: "fetchLater",
  send: (url, body) => !!window.fetchLater?.(url, { ...request(body), activateAfter: 0 }),
};

const beacon: Transport = {
  name: "beacon",
  send: (url, body) => navigator.sendBeacon(url, body),
};

let keptAlive = 0;

const keepalive: Transport = {
  name: "fetch",
  send: (url, body, failed) => {
    // Firefox before 133 has fetch without keepalive, which dies with the page.
    if (!("keepalive" in Request.prototype)) return false;
    const { size } = new Blob([body]);
    keptAlive += size;
    // Above the limit browsers refuse: what is too much goes as far as the page stays.
    fetch(url, { ...request(body), keepalive: keptAlive < KEEPALIVE_LIMIT, priority: "low" })
      .then((answer) => answer.status === 503 && failed(), failed)
      .then(() => {
        keptAlive -= size;
      });
    return true;
  },
};

const STAYING = [keepalive, beacon];
const LEAVING = [later, beacon, keepalive];

/** A carrier to the collector at `url`. What was not delivered, as far as that is ever known, comes back. */
export function carrierTo(url: string): Carrier<Beacon> {
  return {
    send: (beacons, leaving, failed) => {
      for (let at = 0; at < beacons.length; at += PARCEL) {
        const parcel = beacons.slice(at, at + PARCEL);
        const lost = () => failed(parcel);
        const taken = (leaving ? LEAVING : STAYING).some(({ name, send }) =>
          // A full quota of fetchLater throws: the next takes over.
          attempt(() => send(url, body(parcel, name), lost)),
        );
        if (!taken) lost();
      }
    },
    defer: (one) => {
      const abort = new AbortController();
      const init = { ...request(body([one], "fetchLater")), signal: abort.signal };
      const deferred = attempt(() => window.fetchLater?.(url, init));
      return (
        deferred &&
        (() => {
          abort.abort();
          return !deferred.activated;
        })
      );
    },
  };
}

function body(parcel: readonly Beacon[], transport: TransportName): string {
  const named = parcel.map((one) => ({ ...one, transport }));
  return JSON.stringify(named.length === 1 ? named[0] : named);
}
