/** The live connection of the site on show, for the badge and for everything that asks again on a tick. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { SignedOut, viewer } from "../api.ts";
import { LiveConnection, type LiveState } from "../live.ts";
import { visitSignIn } from "../place.ts";

export interface Live {
  readonly state: LiveState;
  /** Grows whenever there may be something new. */
  readonly tick: number;
  retry(): void;
}

export function useLive(site: string | null): Live {
  const [state, setState] = useState<LiveState>({ kind: "connecting" });
  const [tick, setTick] = useState(0);
  const connection = useRef<LiveConnection | null>(null);
  useEffect(() => {
    if (site === null) return;
    setState({ kind: "connecting" });
    const live = new LiveConnection(site, {
      tick: () => setTick((old) => old + 1),
      state: setState,
    });
    connection.current = live;
    return () => live.close();
  }, [site]);
  const lost = state.kind === "lost";
  useEffect(() => {
    // An event stream does not say why it was refused; this does.
    if (lost) viewer().catch((error) => error instanceof SignedOut && visitSignIn());
  }, [lost]);
  const retry = useCallback(() => connection.current?.connect(), []);
  return { state, tick, retry };
}
