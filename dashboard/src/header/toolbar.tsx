/** What the figures are of: site, test, time, population, filters, bots. All of it is in the address. */
import type { Site } from "../api.ts";
import { formatAddress, type PageState, testOf } from "../filters.ts";
import { viewerZone } from "../format.ts";
import { type Place, visit } from "../place.ts";
import { FilterChips } from "./filter-chips.tsx";
import { PopulationChooser } from "./population-chooser.tsx";
import { RangeChooser } from "./range-chooser.tsx";

export interface ToolbarProps {
  readonly place: Place;
  readonly state: PageState;
  readonly site: Site;
  readonly all: readonly Site[];
  readonly tick: number;
}

export function Toolbar({ place, state, site, all, tick }: ToolbarProps) {
  const change = (next: PageState) => visit(place.path + formatAddress(next));
  // Another site has other tests, dimensions and timers: only what every site has is carried over.
  const toSite = (key: string) =>
    change({ ...state, site: key, test: null, filters: [], timer: "lcp" });
  return (
    <search class="toolbar" aria-label="What is shown">
      <label class="choice">
        Site
        <select value={site.key} data-test="site" onChange={(e) => toSite(e.currentTarget.value)}>
          {all.map(({ key }) => (
            <option key={key} value={key}>
              {key}
            </option>
          ))}
        </select>
      </label>
      <TestChooser state={state} site={site} change={change} />
      <RangeChooser state={state} change={change} />
      {site.dimensions.includes("firstLoad") && <PopulationChooser state={state} change={change} />}
      <FilterChips state={state} site={site} tick={tick} change={change} />
      <label class="choice">
        <input
          type="checkbox"
          checked={state.bots}
          data-test="bots"
          onChange={(event) => change({ ...state, bots: event.currentTarget.checked })}
        />
        Include bots
      </label>
      <span class="zone quiet">Times in {viewerZone()}</span>
    </search>
  );
}

interface TestChooserProps {
  readonly state: PageState;
  readonly site: Site;
  readonly change: (next: PageState) => void;
}

function TestChooser({ state, site, change }: TestChooserProps) {
  if (site.tests.length === 0) return null;
  return (
    <label class="choice">
      Test
      <select
        value={testOf(state, site)?.name ?? ""}
        data-test="test"
        onChange={(event) => change({ ...state, test: event.currentTarget.value })}
      >
        {site.tests.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        <option value="">(all visitors)</option>
      </select>
    </label>
  );
}
