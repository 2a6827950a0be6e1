/** What every page is given. */
import type { Site } from "../api.ts";
import type { PageState } from "../filters.ts";
import type { Live } from "../header/use-live.ts";
import type { Place } from "../place.ts";
import type { Theme } from "../use-scheme.ts";

export interface PageProps {
  readonly site: Site;
  readonly place: Place;
  readonly state: PageState;
  readonly live: Live;
  readonly theme: Theme;
}
