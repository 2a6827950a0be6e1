/** The time range: one of the usual ones up to now, or any other between two times in the viewer's zone. */
import { useEffect, useState } from "preact/hooks";
import { type PageState, RANGES, toMinute } from "../filters.ts";

const NAMES: Readonly<Record<string, string>> = {
  "30m": "Last 30 minutes",
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  all: "All time",
};

export interface RangeChooserProps {
  readonly state: PageState;
  readonly change: (next: PageState) => void;
}

export function RangeChooser({ state, change }: RangeChooserProps) {
  const [asking, ask] = useState(false);
  const custom = typeof state.range !== "string";
  const shown = String(state.range);
  // biome-ignore lint/correctness/useExhaustiveDependencies: any change of the range ends the asking
  useEffect(() => ask(false), [shown]);
  const choose = (value: string) => {
    ask(value === "custom");
    if (value !== "custom") change({ ...state, range: value });
  };
  return (
    <>
      <label class="choice">
        Time
        <select
          value={asking || custom ? "custom" : shown}
          data-test="range"
          onChange={(event) => choose(event.currentTarget.value)}
        >
          {RANGES.map((range) => (
            <option key={range} value={range}>
              {NAMES[range]}
            </option>
          ))}
          <option value="custom">From … to …</option>
        </select>
      </label>
      {(asking || custom) && <Ends key={shown} state={state} change={change} />}
    </>
  );
}

function Ends({ state, change }: RangeChooserProps) {
  const now = Date.now();
  const known = typeof state.range === "string" ? null : state.range;
  const [start, setStart] = useState(localMinute(known ? Date.parse(known[0]) : now - 3_600_000));
  const [end, setEnd] = useState(localMinute(known ? Date.parse(known[1]) : now));
  const valid = new Date(start) < new Date(end);
  const submit = (event: Event) => {
    event.preventDefault();
    if (valid) change({ ...state, range: [toMinute(new Date(start)), toMinute(new Date(end))] });
  };
  return (
    <form class="choice" onSubmit={submit}>
      <input
        type="datetime-local"
        aria-label="From"
        value={start}
        onInput={(event) => setStart(event.currentTarget.value)}
      />
      <input
        type="datetime-local"
        aria-label="To"
        aria-invalid={!valid}
        value={end}
        onInput={(event) => setEnd(event.currentTarget.value)}
      />
      <button
        type="submit"
        disabled={!valid}
        title={valid ? "" : "The end must be after the start"}
      >
        Show
      </button>
    </form>
  );
}

/** An instant as a datetime-local field holds it: the viewer's own time, to the minute. */
function localMinute(ms: number): string {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
