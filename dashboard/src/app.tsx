/** The app: who is looking, at which page, of which site. */
import { useEffect } from "preact/hooks";
import { useAnswer } from "./answer.ts";
import { type Site, sites, type Viewer, viewer } from "./api.ts";
import { NoSite } from "./empty.tsx";
import { ErrorNote } from "./error-note.tsx";
import { parseAddress } from "./filters.ts";
import { Header } from "./header/header.tsx";
import { Toolbar } from "./header/toolbar.tsx";
import { useLive } from "./header/use-live.ts";
import { DistributionPage } from "./pages/distribution.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import type { PageProps } from "./pages/page.ts";
import { SignInPage } from "./pages/sign-in.tsx";
import { UnknownPage, UnknownSite } from "./pages/unknown.tsx";
import { type Place, usePlace } from "./place.ts";
import { useScheme } from "./use-scheme.ts";

interface Entry {
  readonly title: string;
  readonly Page: (props: PageProps) => preact.JSX.Element;
}

const OVERVIEW: Entry = { title: "Overview", Page: OverviewPage };
const PAGES: Readonly<Record<string, Entry>> = {
  "/": OVERVIEW,
  "/overview": OVERVIEW,
  "/distribution": { title: "Distribution", Page: DistributionPage },
};
const UNKNOWN: Entry = { title: "Not found", Page: UnknownPage };

export function App() {
  const place = usePlace();
  return place.path === "/login" ? <SignInPage place={place} /> : <SignedIn place={place} />;
}

function SignedIn({ place }: { place: Place }) {
  const start = useAnswer("start", 0, async () => [await viewer(), await sites()] as const);
  if (!start.value) {
    return (
      <main class="page">
        <ErrorNote error={start.error} />
      </main>
    );
  }
  const [who, all] = start.value;
  return <Frame place={place} who={who} all={all} />;
}

interface FrameProps {
  readonly place: Place;
  readonly who: Viewer;
  readonly all: readonly Site[];
}

function Frame({ place, who, all }: FrameProps) {
  const state = parseAddress(place.search);
  const site = state.site === null ? all[0] : all.find(({ key }) => key === state.site);
  const live = useLive(site?.key ?? null);
  const theme = useScheme();
  const { title, Page } = PAGES[place.path.replace(/(.)\/$/, "$1")] ?? UNKNOWN;
  useEffect(() => {
    document.title = [title, site?.key, "bellrock"].filter(Boolean).join(" · ");
  }, [title, site]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the figures
      </a>
      <Header place={place} state={state} who={who} live={live} theme={theme} />
      {site && <Toolbar place={place} state={state} site={site} all={all} tick={live.tick} />}
      <main class="page" id="content" tabIndex={-1}>
        {site ? <Page site={site} place={place} state={state} live={live} theme={theme} /> : null}
        {!site && (all.length === 0 ? <NoSite /> : <UnknownSite name={state.site} all={all} />)}
      </main>
    </>
  );
}
