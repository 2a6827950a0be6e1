/**
 * The page's door: `window.bellrock`, an array of commands before the tracker runs, an object after.
 *
 * Always holds: `push` never throws, whatever the page gives it.
 */
import { attempt } from "./warn.ts";

export interface Queue {
  push(...commands: unknown[]): void;
}

/** Whether a tracker has taken over this page already. */
export function isTaken(): boolean {
  return window.bellrock !== undefined && !Array.isArray(window.bellrock);
}

/** Takes over `window.bellrock`; `run` gets `first`, then what waits there, then what comes. */
export function openQueue(first: readonly unknown[], run: (command: unknown) => void): Queue {
  const waiting: unknown[] = Array.isArray(window.bellrock) ? window.bellrock : [];
  const queue: Queue = {
    push: (...commands) => {
      for (const command of commands) attempt(() => run(command), "command");
    },
  };
  window.bellrock = queue;
  queue.push(...first, ...waiting);
  return queue;
}
