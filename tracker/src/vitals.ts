/**
 * The vitals beacons: impressions with what was measured enter, drafts leave when there is news.
 *
 * Always holds: between two moments at which a page may be gone the browser has the latest values and sends
 * them by itself should the page vanish, where it has fetchLater; they are taken back before others leave.
 */
import type { Draft } from "./context.ts";
import { type Impression, takeSeq } from "./impression.ts";
import type { Outbox } from "./outbox.ts";

export interface VitalsTeller {
  /** Puts the vitals of these impressions where they are news. */
  tell(impressions: readonly Impression[]): void;
  /** Gives the browser those of this impression. */
  standBy(impression: Impression): void;
  /** Takes back what the browser has and has not sent. */
  takeBack(): void;
}

export function createVitalsTeller(outbox: Outbox<Draft>): VitalsTeller {
  let takeBack = () => {};
  return {
    tell: (impressions) => {
      for (const each of impressions) {
        const draft = draftVitals(each);
        if (draft) outbox.put(draft);
      }
    },
    standBy: (impression) => {
      const draft = draftVitals(impression);
      const withdraw = draft && outbox.defer(draft);
      takeBack = () => {
        // Said and numbered again when it leaves in another way.
        if (withdraw?.()) Object.assign(impression, { spare: draft?.seq, told: "" });
        takeBack = () => {};
      };
    },
    takeBack: () => takeBack(),
  };
}

/** The vitals beacon of an impression; undefined without news, or after its last number. */
function draftVitals(impression: Impression): Draft | undefined {
  const timers = { ...impression.timers };
  const told = JSON.stringify([timers, impression.delivery]);
  if (told === impression.told) return undefined;
  impression.told = told;
  const seq = impression.spare ?? takeSeq(impression, "vitals");
  impression.spare = undefined;
  return seq === undefined
    ? seq
    : {
        impression,
        seq,
        type: "vitals",
        timers,
        ...(ATTRIBUTES && { attribution: impression.elements }),
      };
}
