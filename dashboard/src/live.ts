/**
 * The live connection of a site. Enters: server-sent events. Leaves: ticks ("something changed, ask
 * again") and the state of the connection. Ticks are at least `TICK_MS` apart, none is sent while the
 * page is hidden, and the last change before a pause is always told after it.
 */
import { liveAddress } from "./api.ts";

export const TICK_MS = 2_000;
/** Relative ranges move on even when nothing arrives. */
const IDLE_TICK_MS = 60_000;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000];

export interface LiveEvent {
  readonly site: string;
  readonly now: string;
  readonly watermark: string | null;
  /** Null over a search store, which knows minutes alone: `watermark` is then the begin of the newest. */
  readonly lag_seconds: number | null;
}

export type LiveState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly event: LiveEvent }
  | { readonly kind: "lost"; readonly since: Date };

export interface Listener {
  tick(): void;
  state(state: LiveState): void;
}

/** Sends changes on, at least `TICK_MS` apart and never while hidden. */
export class Ticker {
  #last = Number.NEGATIVE_INFINITY;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #changed = false;

  constructor(
    private readonly tick: () => void,
    private readonly hidden: () => boolean,
    private readonly now: () => number,
  ) {}

  changed(): void {
    this.#changed = true;
    this.flush();
  }

  /** Sends what waits, where it may; call it when the page is shown again. */
  flush(): void {
    if (!this.#changed || this.hidden() || this.#waiting !== undefined) return;
    const wait = this.#last + TICK_MS - this.now();
    if (wait > 0) {
      this.#waiting = setTimeout(() => this.#wake(), wait);
      return;
    }
    this.#changed = false;
    this.#last = this.now();
    this.tick();
  }

  stop(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#changed = false;
  }

  #wake(): void {
    this.#waiting = undefined;
    this.flush();
  }
}

/** A connection to one site's stream that comes back by itself; `close` it when the site changes. */
export class LiveConnection {
  #source: EventSource | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #lostSince: Date | null = null;
  readonly #idle: ReturnType<typeof setInterval>;
  readonly #ticker: Ticker;
  readonly #stop = new AbortController();

  constructor(
    private readonly site: string,
    private readonly listener: Listener,
  ) {
    this.#ticker = new Ticker(
      () => listener.tick(),
      () => document.hidden,
      () => performance.now(),
    );
    this.#idle = setInterval(() => this.#ticker.changed(), IDLE_TICK_MS);
    const { signal } = this.#stop;
    document.addEventListener("visibilitychange", () => this.#ticker.flush(), { signal });
    addEventListener("online", () => this.connect(), { signal });
    addEventListener("offline", () => this.#lost(), { signal });
    this.connect();
  }

  /** Connects anew, at once. */
  connect(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = new EventSource(liveAddress(this.site));
    this.#source.addEventListener("live", (message) => this.#arrived(message.data));
    // The browser's own reconnection gives up on any answer but 200, so it is not relied on.
    this.#source.onerror = () => this.#lost();
  }

  close(): void {
    this.#stop.abort();
    this.#ticker.stop();
    clearInterval(this.#idle);
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  #arrived(data: string): void {
    this.#failures = 0;
    this.#lostSince = null;
    this.listener.state({ kind: "live", event: JSON.parse(data) as LiveEvent });
    this.#ticker.changed();
  }

  #lost(): void {
    this.#source?.close();
    this.#lostSince ??= new Date();
    this.listener.state({ kind: "lost", since: this.#lostSince });
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connect(), wait);
  }
}
