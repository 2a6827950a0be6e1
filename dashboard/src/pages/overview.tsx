/** Overview: how many, how fast, how well it sells, per group and live. */
import { useAnswer } from "../answer.ts";
import { NoData } from "../empty.tsx";
import { ErrorNote } from "../error-note.tsx";
import { count, money, points, share, signed } from "../format.ts";
import { LeftOutNote } from "../left-out-note.tsx";
import impressionsOverTime from "../panels/impressions-over-time.vl.json";
import p75OverTime from "../panels/p75-over-time.vl.json";
import { Panel } from "../panels/panel.tsx";
import { panelParameters } from "../panels/parameters.ts";
import { askQuery } from "../requests.ts";
import { ENOUGH } from "../tiles/figure.tsx";
import { type Measure, MeasureTile } from "../tiles/measure-tile.tsx";
import { groupsIn, tileRequest, tileValues } from "../tiles/values.ts";
import { VitalTile } from "../tiles/vital-tile.tsx";
import { TimerChooser } from "../timer-chooser.tsx";
import { timerOf, VITALS } from "../timers.ts";
import { bucketOf, type View, viewOf } from "../view.ts";
import type { PageProps } from "./page.ts";

export function OverviewPage(props: PageProps) {
  const { site, state, live, place } = props;
  const request = tileRequest(viewOf(state, site, []));
  const answer = useAnswer(JSON.stringify(request), live.tick, () => askQuery(request, live.tick));
  const view = viewOf(state, site, answer.value ? groupsIn(answer.value) : []);
  if (!answer.value) return <ErrorNote error={answer.error} />;
  const values = tileValues(answer.value);
  const none = view.groups.every((group) => !values(group, "impressions"));
  return (
    <>
      <h1 class="hidden">Overview of {site.key}</h1>
      <ErrorNote error={answer.error} />
      {none && <NoData site={site} state={state} place={place} />}
      <div class="tiles measures">
        {measures(site.currency).map((measure) => (
          <MeasureTile key={measure.metric} measure={measure} view={view} values={values} />
        ))}
      </div>
      <div class="tiles vitals">
        {VITALS.map((timer) => (
          <VitalTile key={timer.name} timer={timer} view={view} values={values} />
        ))}
      </div>
      <p class="quiet legend">
        p75: three of four values are at or below it. Pale figures stand on fewer than {ENOUGH}{" "}
        values; a pale point may also be a time that is not over. Shares: <i class="key good" />{" "}
        good, <i class="key fair" /> needs improvement, <i class="key poor" /> poor.
      </p>
      <LeftOutNote meta={answer.value.meta} />
      {!none && <OverTime {...props} view={view} />}
    </>
  );
}

function OverTime({ site, state, live, theme, place, view }: PageProps & { readonly view: View }) {
  const bucket = bucketOf(state, useSpan(view, live.tick));
  const shared = { parameters: panelParameters(view, bucket), view, tick: live.tick };
  const timer = timerOf(state.timer);
  return (
    <div class="panels">
      <div class="bar">
        <TimerChooser site={site} state={state} place={place} />
      </div>
      <Panel
        name="p75-over-time"
        title={`${timer.short} p75 per ${bucket}`}
        panel={p75OverTime}
        scheme={theme.scheme}
        {...shared}
      />
      <Panel
        name="impressions-over-time"
        title={`Impressions per ${bucket}`}
        panel={impressionsOverTime}
        scheme={theme.scheme}
        {...shared}
      />
    </div>
  );
}

/** What "all time" really spans: from the first day that has anything, until now. */
function useSpan(view: View, tick: number): readonly [string, string] | null {
  const needed = view.state.range === "all";
  const request = {
    ...view.selection,
    metrics: ["impressions"],
    dimensions: ["time:day"],
    pagination: { limit: 1 },
  };
  const answer = useAnswer(JSON.stringify([needed, request]), 0, async () =>
    needed ? askQuery(request, tick) : null,
  );
  const first = answer.value?.results[0]?.dimensions[0];
  const end = answer.value?.query.date_range[1];
  return first && end ? [first, end] : null;
}

function measures(currency: string): Measure[] {
  const amount = (value: number | null) => money(value, currency);
  return [
    {
      metric: "impressions",
      title: "Impressions",
      hint: "page impressions that count",
      format: count,
      additive: true,
    },
    {
      metric: "sessions",
      title: "Sessions",
      hint: "visits, those still open included",
      format: count,
      additive: true,
    },
    {
      metric: "conversion_rate",
      title: "Conversion rate",
      hint: "sessions with an accepted order",
      format: (value) => share(value, 2),
      difference: points,
      additive: false,
    },
    {
      metric: "revenue_per_session",
      title: "Revenue per session",
      hint: "value of accepted orders, over all sessions",
      format: amount,
      difference: (value) => signed(value, amount),
      additive: false,
    },
    {
      metric: "beacon_loss",
      title: "Beacon loss",
      hint: "page impressions without a load beacon: a difference between the groups can fake an uplift",
      format: (value) => share(value, 2),
      difference: points,
      additive: false,
    },
  ];
}
