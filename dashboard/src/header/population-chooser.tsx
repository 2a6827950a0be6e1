/** First loads cannot be accelerated by what only works from the second page on: choose who is compared. */
import type { Condition } from "../api.ts";
import { type PageState, withCondition } from "../filters.ts";

const POPULATIONS: readonly { name: string; title: string; condition: Condition }[] = [
  { name: "all", title: "All loads", condition: ["is", "firstLoad", []] },
  { name: "repeat", title: "Repeat loads", condition: ["is_not", "firstLoad", ["true"]] },
  { name: "first", title: "First loads", condition: ["is", "firstLoad", ["true"]] },
];

/** The population that a state's filters select; null where firstLoad is filtered in another way. */
export function populationOf(state: PageState): string | null {
  const own = state.filters.find(([, dimension]) => dimension === "firstLoad");
  if (!own) return "all";
  const same = ({ condition }: { condition: Condition }) =>
    JSON.stringify(condition) === JSON.stringify(own);
  return POPULATIONS.find(same)?.name ?? null;
}

export interface PopulationChooserProps {
  readonly state: PageState;
  readonly change: (next: PageState) => void;
}

export function PopulationChooser({ state, change }: PopulationChooserProps) {
  const chosen = populationOf(state);
  const choose = (name: string) => {
    const found = POPULATIONS.find((one) => one.name === name);
    if (found) change(withCondition(state, found.condition));
  };
  return (
    <label class="choice">
      Population
      <select
        value={chosen ?? "other"}
        data-test="population"
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {POPULATIONS.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
        {chosen === null && <option value="other">as filtered</option>}
      </select>
    </label>
  );
}
