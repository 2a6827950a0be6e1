/** Distribution: the groups' histograms of one timer over each other, their quantiles, the uplift between them. */
import { useAnswer } from "../answer.ts";
import type { HistogramResult } from "../api.ts";
import { leftOut, type Scale } from "../density.ts";
import { NoData } from "../empty.tsx";
import { ErrorNote } from "../error-note.tsx";
import { formatAddress } from "../filters.ts";
import { share } from "../format.ts";
import { EVERYBODY } from "../groups.ts";
import { LeftOutNote } from "../left-out-note.tsx";
import distribution from "../panels/distribution.vl.json";
import { histogramRequest } from "../panels/load.ts";
import { Panel } from "../panels/panel.tsx";
import { panelParameters } from "../panels/parameters.ts";
import { namedSeries } from "../panels/rows.ts";
import { visit } from "../place.ts";
import { askHistogram } from "../requests.ts";
import { TimerChooser } from "../timer-chooser.tsx";
import { fullName, timerOf } from "../timers.ts";
import { viewOf } from "../view.ts";
import { Headline } from "./headline.tsx";
import type { PageProps } from "./page.ts";
import { QuantileTable } from "./quantile-table.tsx";

export function DistributionPage(props: PageProps) {
  const { site, state, live, theme, place } = props;
  const timer = timerOf(state.timer);
  const request = histogramRequest(viewOf(state, site, []), timer.name);
  const answer = useAnswer(JSON.stringify(request), live.tick, () =>
    askHistogram(request, live.tick),
  );
  const seen = answer.value?.series.map(({ group }) => group ?? EVERYBODY) ?? [];
  const view = viewOf(state, site, seen);
  const none = answer.value?.series.length === 0;
  return (
    <>
      <h1 class="hidden">Distribution of {fullName(timer)}</h1>
      <div class="bar">
        <TimerChooser site={site} state={state} place={place} />
        <ScaleChooser {...props} />
      </div>
      <ErrorNote error={answer.error} />
      {none && <NoData site={site} state={state} place={place} />}
      {answer.value && !none && (
        <>
          <Headline timer={timer} view={view} result={answer.value} />
          <div class={view.groups.length > 2 ? "below" : "beside"}>
            <Panel
              name="distribution"
              title={`Distribution of ${fullName(timer)}`}
              panel={distribution}
              parameters={panelParameters(view, "minute")}
              view={view}
              tick={live.tick}
              scheme={theme.scheme}
            />
            <QuantileTable timer={timer} view={view} result={answer.value} />
          </div>
          <Undrawn result={answer.value} scale={state.scale} />
          <LeftOutNote meta={answer.value.meta} />
        </>
      )}
    </>
  );
}

function ScaleChooser({ state, place }: PageProps) {
  const choose = (scale: Scale) => visit(place.path + formatAddress({ ...state, scale }));
  return (
    <fieldset class="choice">
      <legend class="hidden">Scale</legend>
      {(["log", "linear"] as const).map((scale) => (
        <label key={scale}>
          <input
            type="radio"
            name="scale"
            value={scale}
            checked={state.scale === scale}
            onChange={() => choose(scale)}
          />
          {scale === "log" ? "logarithmic" : "linear"}
        </label>
      ))}
    </fieldset>
  );
}

/** What the drawing leaves out, in words: nothing disappears. */
function Undrawn({ result, scale }: { result: HistogramResult; scale: Scale }) {
  const [most, zero] = result.unit === "ms" ? ["102.4 s", "0 ms"] : ["102.4", "0"];
  const parts = leftOut(namedSeries(result)).flatMap((left) => [
    ...(left.zero > 0 ? [`${left.group}: ${share(left.zero)} are exactly ${zero}`] : []),
    ...(left.overflow > 0 ? [`${left.group}: ${share(left.overflow)} are above ${most}`] : []),
  ]);
  return (
    <p class="quiet" data-test="undrawn">
      Dots mark p50, p75 (large, with the dashed line) and p90. The cells of the histogram have
      unequal widths, so the height is the share of values per{" "}
      {scale === "log" ? "unit of log time" : "unit of time"}: equal areas are equal shares.
      {scale === "linear" && " Drawn a little past the larger p99."}
      {parts.length > 0 && ` Not drawn: ${parts.join("; ")}.`}
    </p>
  );
}
