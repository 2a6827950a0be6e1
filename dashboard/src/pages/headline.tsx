/** p75 first: the one figure per group that the page is about, and what each variant changed. */
import type { HistogramResult } from "../api.ts";
import { count, percent, signed, timing } from "../format.ts";
import { EVERYBODY } from "../groups.ts";
import { ENOUGH } from "../tiles/figure.tsx";
import { GroupName } from "../tiles/group-name.tsx";
import type { Timer } from "../timers.ts";
import { uplift } from "../uplift.ts";
import type { View } from "../view.ts";

export interface HeadlineProps {
  readonly timer: Timer;
  readonly view: View;
  readonly result: HistogramResult;
}

export function Headline({ timer, view, result }: HeadlineProps) {
  const figures = view.groups.map((group) => {
    const series = result.series.find((one) => (one.group ?? EVERYBODY) === group);
    return { group, p75: series?.quantiles.p75 ?? null, count: series?.count ?? 0 };
  });
  const [control, ...variants] = figures;
  if (!control) return null;
  const difference = (size: number) => timing(size, timer.unit);
  return (
    <dl class="headline">
      {figures.map((one) => (
        <div key={one.group} class={one.count < ENOUGH ? "few" : undefined}>
          <dt>
            <GroupName groups={view.groups} group={one.group} /> {timer.short} p75
          </dt>
          <dd>{timing(one.p75, timer.unit)}</dd>
          <dd class="small">
            {count(one.count)} {one.count === 1 ? "value" : "values"}
          </dd>
        </div>
      ))}
      {variants.map((variant) => {
        const found = uplift(control.p75, variant.p75);
        return (
          <div
            key={variant.group}
            class={Math.min(control.count, variant.count) < ENOUGH ? "few" : undefined}
          >
            <dt>
              {variant.group} − {control.group}
            </dt>
            <dd>{percent(found?.relative ?? null)}</dd>
            <dd class="small">{signed(found?.absolute ?? null, difference)}</dd>
          </div>
        );
      })}
    </dl>
  );
}
