/** The top of every page: name, pages, whether it is live, colour scheme, who is signed in. */
import { signOut, type Viewer } from "../api.ts";
import { formatAddress, type PageState } from "../filters.ts";
import { Link } from "../link.tsx";
import { type Place, visit } from "../place.ts";
import type { Choice } from "../theme.ts";
import type { Theme } from "../use-scheme.ts";
import { LiveBadge, LostNote } from "./live-badge.tsx";
import type { Live } from "./use-live.ts";

const PAGES = [
  { path: "/overview", title: "Overview" },
  { path: "/distribution", title: "Distribution" },
];

export interface HeaderProps {
  readonly place: Place;
  readonly state: PageState;
  readonly who: Viewer;
  readonly live: Live;
  readonly theme: Theme;
}

export function Header({ place, state, who, live, theme }: HeaderProps) {
  const path = place.path === "/" ? "/overview" : place.path;
  const leave = () => signOut().finally(() => visit("/login"));
  return (
    <header class="top">
      <div class="bar">
        <Link class="brand" href={`/overview${formatAddress(state)}`}>
          bellrock
        </Link>
        <nav aria-label="Pages">
          {PAGES.map((page) => (
            <Link
              key={page.path}
              href={page.path + formatAddress(state)}
              aria-current={page.path === path ? "page" : undefined}
            >
              {page.title}
            </Link>
          ))}
        </nav>
        <LiveBadge live={live} />
        <SchemeChooser theme={theme} />
        <span class="who">
          {who.name}{" "}
          <button type="button" class="plain" onClick={leave}>
            Sign out
          </button>
        </span>
      </div>
      <LostNote live={live} />
    </header>
  );
}

function SchemeChooser({ theme }: { theme: Theme }) {
  return (
    <label class="choice">
      <span class="hidden">Colours</span>
      <select
        value={theme.choice}
        data-test="scheme"
        onChange={(event) => theme.choose(event.currentTarget.value as Choice)}
      >
        <option value="auto">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
