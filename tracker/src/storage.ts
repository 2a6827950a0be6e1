/**
 * What the tracker keeps in the browser: localStorage under the prefix `bellrock.`.
 *
 * Always holds: nothing here throws. Where localStorage is refused (a sandboxed frame, a browser
 * setting, a full quota) values live as long as the page.
 */
import { attempt } from "./warn.ts";

const PREFIX = "bellrock.";

export interface Keep {
  /** What was written; empty where nothing was. */
  read(key: string): string;
  /** Whether a later page of this visitor will find the value. */
  write(key: string, value: string): boolean;
  /** Removes everything the tracker ever wrote. */
  clear(): void;
}

/** A keep over `open()`, which may throw, as the getter of `window.localStorage` does. */
export function createKeep(open: () => Storage): Keep {
  const memory = new Map<string, string>();
  return {
    read: (key) => memory.get(key) ?? attempt(() => open().getItem(PREFIX + key)) ?? "",
    write: (key, value) => {
      memory.set(key, value);
      attempt(() => {
        open().setItem(PREFIX + key, value);
        // Other tabs write, too: memory is only for what could not be stored.
        memory.delete(key);
      });
      return !memory.has(key);
    },
    clear: () => {
      memory.clear();
      attempt(() => {
        const storage = open();
        for (const key of Object.keys(storage)) {
          // The group lasts as long as the page: it has been seen, and consent may come back.
          if (key.startsWith(`${PREFIX}split.`))
            memory.set(key.slice(PREFIX.length), `${storage[key]}`);
          if (key.startsWith(PREFIX)) storage.removeItem(key);
        }
      });
    },
  };
}

/** The JSON object under `key`; an empty one where there is none that can be read. */
export function readObject(keep: Keep, key: string): Readonly<Record<string, unknown>> {
  return Object(attempt(() => JSON.parse(keep.read(key))));
}
