/** The values of one dimension, with how many impressions each has, to keep or to leave out. */
import { useAnswer } from "../answer.ts";
import { type Condition, query, type Site } from "../api.ts";
import { ErrorNote } from "../error-note.tsx";
import { type PageState, withCondition } from "../filters.ts";
import { count } from "../format.ts";
import { viewOf } from "../view.ts";

const SHOWN = 50;

/** A value as people read it: an impression without the dimension has the empty text. */
export function valueName(value: string): string {
  return value === "" ? "(none)" : value;
}

export interface FilterEditorProps {
  readonly dimension: string;
  readonly state: PageState;
  readonly site: Site;
  readonly change: (next: PageState) => void;
}

export function FilterEditor({ dimension, state, site, change }: FilterEditorProps) {
  const own: Condition = state.filters.find(([, name]) => name === dimension) ?? [
    "is",
    dimension,
    [],
  ];
  const others = withCondition(state, ["is", dimension, []]);
  const { selection } = viewOf(others, site, []);
  const answer = useAnswer(JSON.stringify([dimension, selection]), 0, () =>
    query({
      ...selection,
      metrics: ["impressions"],
      dimensions: [dimension],
      order_by: [["impressions", "desc"]],
      pagination: { limit: SHOWN },
    }),
  );
  const [operator, , chosen] = own;
  const known = (answer.value?.results ?? []).map(
    ({ dimensions, metrics }) => [dimensions[0] ?? "", metrics[0] ?? null] as const,
  );
  const missing = chosen.filter((value) => !known.some(([name]) => name === value));
  const toggle = (value: string) =>
    change(withCondition(state, [operator, dimension, toggled(chosen, value)]));
  const setOperator = (next: Condition[0]) =>
    change(withCondition(state, [next, dimension, chosen]));
  return (
    <fieldset class="filter">
      <legend>{dimension}</legend>
      {chosen.length > 0 && (
        <Operators operator={operator} dimension={dimension} choose={setOperator} />
      )}
      <ErrorNote error={answer.error} />
      {answer.value && known.length === 0 && <p class="quiet">No impressions in this range.</p>}
      {[...known, ...missing.map((value) => [value, null] as const)].map(([value, impressions]) => (
        <label key={value}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
          <span>{valueName(value)}</span>
          <span class="quiet">{count(impressions)}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface OperatorsProps {
  readonly operator: Condition[0];
  readonly dimension: string;
  readonly choose: (operator: Condition[0]) => void;
}

function Operators({ operator, dimension, choose }: OperatorsProps) {
  return (
    <div class="operators">
      {(["is", "is_not"] as const).map((one) => (
        <label key={one}>
          <input
            type="radio"
            name={`operator-${dimension}`}
            checked={one === operator}
            onChange={() => choose(one)}
          />
          {one === "is" ? "is" : "is not"}
        </label>
      ))}
    </div>
  );
}

function toggled(values: readonly string[], value: string): string[] {
  return values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
}
