/** Whether what is seen is live, and how new it is. */
import { instant } from "../format.ts";
import { freshness } from "./freshness.ts";
import type { Live } from "./use-live.ts";

export function LiveBadge({ live }: { live: Live }) {
  const { state } = live;
  if (state.kind === "connecting") {
    return (
      <p class="live" data-live="connecting" role="status">
        <i aria-hidden="true" /> connecting…
      </p>
    );
  }
  if (state.kind === "lost") {
    return (
      <p class="live" data-live="lost" role="status">
        <i aria-hidden="true" /> not live
      </p>
    );
  }
  const { text, hint } = freshness(state.event);
  return (
    // Not a status: it changes every second, and nobody wants that read out.
    <p class="live" data-live="live" data-lag={state.event.lag_seconds} title={hint}>
      <i aria-hidden="true" /> live, {text}
    </p>
  );
}

/** Said in full where the connection is lost, with a way to try at once. */
export function LostNote({ live }: { live: Live }) {
  if (live.state.kind !== "lost") return null;
  return (
    <div class="note alert lost" role="alert" data-test="lost">
      <span>
        <strong>The live connection is lost</strong> since {instant(live.state.since)}: these
        figures stand still. Trying again by itself.
      </span>
      <button type="button" onClick={live.retry}>
        Try now
      </button>
    </div>
  );
}
