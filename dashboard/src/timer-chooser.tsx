/** The timer on show, in the address like everything else. */
import type { Site } from "./api.ts";
import { formatAddress, type PageState } from "./filters.ts";
import { type Place, visit } from "./place.ts";
import { fullName, timersOf } from "./timers.ts";

export interface TimerChooserProps {
  readonly site: Site;
  readonly state: PageState;
  readonly place: Place;
}

export function TimerChooser({ site, state, place }: TimerChooserProps) {
  return (
    <label class="choice">
      Timer
      <select
        value={state.timer}
        data-test="timer"
        onChange={(event) =>
          visit(place.path + formatAddress({ ...state, timer: event.currentTarget.value }))
        }
      >
        {timersOf(site.timers).map((timer) => (
          <option key={timer.name} value={timer.name}>
            {fullName(timer)}
          </option>
        ))}
      </select>
    </label>
  );
}
