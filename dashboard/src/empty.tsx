/** What to do where there is nothing to see. */
import type { Site } from "./api.ts";
import { formatAddress, type PageState } from "./filters.ts";
import { Link } from "./link.tsx";
import type { Place } from "./place.ts";
import { Scrolling } from "./scrolling.tsx";

export function NoSite() {
  return (
    <section class="empty" data-test="no-site">
      <h1>No site yet</h1>
      <p>
        A site is a shop or a web site that you measure. Add one on the machine that runs bellrock:
      </p>
      <pre>bellrock site add KEY</pre>
      <p>
        <code>bellrock site add --help</code> lists what it needs. If there are sites already, ask
        your administrator for the right to see them.
      </p>
    </section>
  );
}

export interface NoDataProps {
  readonly site: Site;
  readonly state: PageState;
  readonly place: Place;
}

/** No impression in the selection: loosen it, or put the tracker into the pages. */
export function NoData({ site, state, place }: NoDataProps) {
  const wider = place.path + formatAddress({ ...state, range: "all" });
  const looser = place.path + formatAddress({ ...state, filters: [] });
  return (
    <section class="empty" data-test="no-data">
      <h1>No impressions here yet</h1>
      <p>
        Nobody visited {site.key} in this time range
        {state.filters.length > 0 && " with these filters"}, or the tracker is not in its pages yet.{" "}
        {state.range !== "all" && <Link href={wider}>Look at all time</Link>}
        {state.range !== "all" && state.filters.length > 0 && " · "}
        {state.filters.length > 0 && <Link href={looser}>Remove the filters</Link>}
      </p>
      <p>
        To measure, put this line into the head of every page, with the address of your collector:
      </p>
      <Scrolling label="The line of HTML">
        <pre>{snippet(site)}</pre>
      </Scrolling>
      <p class="quiet">Visits appear here by themselves, seconds after they happen.</p>
    </section>
  );
}

/** The one line of HTML that measures a site. */
export function snippet(site: Site): string {
  return `<script defer src="https://YOUR-COLLECTOR/t.js" data-site="${site.key}"></script>`;
}
