/**
 * Sending: beacons enter, requests leave.
 *
 * Always holds: a request is one JSON object, or an array of several, as text/plain (what a string is
 * sent as; it needs no preflight) and small enough for what browsers let outlive a page. Nothing here throws.
 */
import type { Beacon, TransportName } from "./beacon.ts";
import { attempt } from "./warn.ts";

/** Beacons in one body: at their greatest length still below the 64 KiB of keepalive and collector. */
const PARCEL = 8;

/** One way to send. To add another, put it where it belongs in the two orders below. */
interface Transport {
  readonly name: TransportName;
  /** Whether the browser took the body; `failed` is called when it later turns out to be lost. */
  send(url: string, body: string, failed: () => void): boolean;
}

const beacon: Transport = {
  name: "beacon",
  send: (url, body) => navigator.sendBeacon(url, body),
};

const keepalive: Transport = {
  name: "fetch",
  send: (url, body, failed) => {
    // Firefox before 133 has fetch without keepalive, which dies with the page.
    if (!("keepalive" in Request.prototype)) return false;
    fetch(url, {
      method: "POST",
      body,
      keepalive: true,
      credentials: "omit",
      priority: "low",
    }).then((answer) => answer.status === 503 && failed(), failed);
    return true;
  },
};

const STAYING = [keepalive, beacon];
const LEAVING = [beacon, keepalive];

/** Sends `beacons`; those that were not delivered, as far as that is ever known, come back to `failed`. */
export function send(
  url: string,
  beacons: readonly Beacon[],
  leaving: boolean,
  failed: (beacons: readonly Beacon[]) => void,
): void {
  for (let at = 0; at < beacons.length; at += PARCEL) {
    const parcel = beacons.slice(at, at + PARCEL);
    const lost = () => failed(parcel);
    const taken = (leaving ? LEAVING : STAYING).some(({ name, send }) =>
      attempt(() => send(url, body(parcel, name), lost)),
    );
    if (!taken) lost();
  }
}

function body(parcel: readonly Beacon[], transport: TransportName): string {
  const named = parcel.map((one) => ({ ...one, transport }));
  return JSON.stringify(named.length === 1 ? named[0] : named);
}
