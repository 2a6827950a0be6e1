/** Quantiles, mean and count per group, and what each variant changed against the control. */
import type { HistogramResult, HistogramSeries } from "../api.ts";
import { count, NOTHING, percent, signed, timing } from "../format.ts";
import { EVERYBODY } from "../groups.ts";
import { Scrolling } from "../scrolling.tsx";
import { ENOUGH, Figure } from "../tiles/figure.tsx";
import { GroupName } from "../tiles/group-name.tsx";
import type { Timer } from "../timers.ts";
import { uplift } from "../uplift.ts";
import type { View } from "../view.ts";

const QUANTILES = ["p50", "p75", "p90", "p95", "p99"] as const;

export interface QuantileTableProps {
  readonly timer: Timer;
  readonly view: View;
  readonly result: HistogramResult;
}

export function QuantileTable({ timer, view, result }: QuantileTableProps) {
  const seriesOf = (group: string) =>
    result.series.find((one) => (one.group ?? EVERYBODY) === group);
  const [control, ...variants] = view.groups;
  const compared = control !== undefined && variants.length > 0;
  const of = { timer, view, seriesOf };
  return (
    <Scrolling label="Quantiles per group">
      <table class="figures quantiles">
        <thead>
          <tr>
            <th scope="col">{timer.short}</th>
            {view.groups.map((group) => (
              <th scope="col" key={group}>
                <GroupName groups={view.groups} group={group} />
              </th>
            ))}
            {compared &&
              variants.map((variant) => (
                <th scope="col" colSpan={2} key={variant}>
                  {variant} − {control}
                </th>
              ))}
          </tr>
        </thead>
        <tbody>
          {[...QUANTILES, "mean"].map((figure) => (
            <FigureRow key={figure} figure={figure} {...of} />
          ))}
          <CountRow {...of} />
        </tbody>
      </table>
    </Scrolling>
  );
}

interface RowProps {
  readonly timer: Timer;
  readonly view: View;
  readonly seriesOf: (group: string) => HistogramSeries | undefined;
}

function FigureRow({ figure, timer, view, seriesOf }: RowProps & { readonly figure: string }) {
  const metric = `${timer.name}.${figure}`;
  const [control = EVERYBODY, ...variants] = view.groups;
  const valueIn = (group: string) => figureOf(seriesOf(group), figure);
  const countOf = (group: string) => seriesOf(group)?.count ?? 0;
  return (
    <tr class={figure === "p75" ? "first" : undefined}>
      <th scope="row">{figure}</th>
      {view.groups.map((group) => (
        <td key={group}>
          <Figure
            metric={metric}
            group={group}
            value={valueIn(group)}
            text={timing(valueIn(group), timer.unit)}
            standsOn={countOf(group)}
          />
        </td>
      ))}
      {variants.map((variant) => (
        <UpliftCells
          key={variant}
          metric={metric}
          variant={variant}
          timer={timer}
          values={[valueIn(control), valueIn(variant)]}
          few={Math.min(countOf(control), countOf(variant)) < ENOUGH}
        />
      ))}
    </tr>
  );
}

interface UpliftCellsProps {
  readonly metric: string;
  readonly variant: string;
  readonly timer: Timer;
  /** Of the control and of the variant. */
  readonly values: readonly [number | null, number | null];
  readonly few: boolean;
}

function UpliftCells({ metric, variant, timer, values, few }: UpliftCellsProps) {
  const found = uplift(...values);
  const style = few ? "few" : undefined;
  if (!found) {
    return (
      <>
        <td>{NOTHING}</td>
        <td>{NOTHING}</td>
      </>
    );
  }
  const exact = {
    "data-uplift": metric,
    "data-variant": variant,
    "data-absolute": found.absolute,
    "data-relative": found.relative ?? "",
  };
  return (
    <>
      <td class={style} {...exact}>
        {signed(found.absolute, (size) => timing(size, timer.unit))}
      </td>
      <td class={style}>{percent(found.relative)}</td>
    </>
  );
}

function CountRow({ timer, view, seriesOf }: RowProps) {
  return (
    <tr class="quiet">
      <th scope="row">values</th>
      {view.groups.map((group) => {
        const counted = seriesOf(group)?.count ?? 0;
        return (
          <td key={group}>
            <Figure
              metric={`${timer.name}.count`}
              group={group}
              value={counted}
              text={count(counted)}
            />
          </td>
        );
      })}
      {view.groups.slice(1).map((variant) => (
        <td key={variant} colSpan={2} />
      ))}
    </tr>
  );
}

function figureOf(series: HistogramSeries | undefined, figure: string): number | null {
  if (!series) return null;
  return figure === "mean" ? series.mean : (series.quantiles[figure] ?? null);
}
