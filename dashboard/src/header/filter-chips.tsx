/** The filters in force, one chip each, and a menu for another. */
import { useState } from "preact/hooks";
import type { Condition, Site } from "../api.ts";
import { filterableOf, type PageState, withCondition } from "../filters.ts";
import { FilterEditor, valueName } from "./filter-editor.tsx";
import { populationOf } from "./population-chooser.tsx";
import { useMenu } from "./use-menu.ts";

export interface FilterChipsProps {
  readonly state: PageState;
  readonly site: Site;
  readonly tick: number;
  readonly change: (next: PageState) => void;
}

export function FilterChips(props: FilterChipsProps) {
  const { state, site } = props;
  // The population chooser shows this one.
  const hidden = populationOf(state) === null || !site.dimensions.includes("firstLoad");
  const shown = state.filters.filter(([, name]) => name !== "firstLoad" || hidden);
  const taken = new Set([...state.filters.map(([, name]) => name), "firstLoad"]);
  const free = filterableOf(site).filter((name) => !taken.has(name));
  return (
    <div class="chips">
      {shown.map((condition) => (
        <Chip key={condition[1]} condition={condition} {...props} />
      ))}
      {free.length > 0 && <AddFilter free={free} {...props} />}
    </div>
  );
}

function Chip(props: FilterChipsProps & { readonly condition: Condition }) {
  const menu = useMenu();
  const [open, setOpen] = useState(false);
  const [operator, dimension, values] = props.condition;
  const remove = () => props.change(withCondition(props.state, [operator, dimension, []]));
  return (
    <span class="chip" data-filter={dimension}>
      <details class="menu" ref={menu} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          {dimension} {operator === "is" ? "is" : "is not"}{" "}
          <b>{values.map(valueName).join(", ")}</b>
        </summary>
        <div class="sheet">{open && <FilterEditor dimension={dimension} {...props} />}</div>
      </details>
      <button
        type="button"
        class="plain"
        aria-label={`Remove the filter on ${dimension}`}
        onClick={remove}
      >
        ×
      </button>
    </span>
  );
}

function AddFilter(props: FilterChipsProps & { readonly free: readonly string[] }) {
  const menu = useMenu();
  const [dimension, choose] = useState<string | null>(null);
  const change = (next: PageState) => {
    // From here on it is a chip of its own.
    if (menu.current) menu.current.open = false;
    props.change(next);
  };
  return (
    <details class="menu" ref={menu} data-test="add-filter" onToggle={() => choose(null)}>
      <summary class="button">+ Filter</summary>
      <div class="sheet">
        {dimension === null ? (
          <ul>
            {props.free.map((name) => (
              <li key={name}>
                <button type="button" class="plain" onClick={() => choose(name)}>
                  {name}
                </button>
              </li>
            ))}
          </ul>
        ) : (
          <FilterEditor {...props} dimension={dimension} change={change} />
        )}
      </div>
    </details>
  );
}
