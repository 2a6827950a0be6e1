/** A tile for a vital: p75 first, the shares of good, needs improvement and poor, and the sample count. */
import { count, share, signed, timing } from "../format.ts";
import type { Timer } from "../timers.ts";
import type { View } from "../view.ts";
import { ENOUGH, Figure } from "./figure.tsx";
import { GroupName } from "./group-name.tsx";
import { UpliftLine } from "./uplift-line.tsx";
import type { Values } from "./values.ts";

export interface VitalTileProps {
  readonly timer: Timer;
  readonly view: View;
  readonly values: Values;
}

export function VitalTile({ timer, view, values }: VitalTileProps) {
  const metric = `${timer.name}.p75`;
  const [control, ...variants] = view.groups;
  const fewIn = (group: string) => (values(group, `${timer.name}.count`) ?? 0) < ENOUGH;
  const difference = (value: number) => signed(value, (size) => timing(size, timer.unit));
  return (
    <article class="tile vital" data-tile={metric}>
      <h2 title={timer.long}>
        {timer.short} <span class="quiet">p75</span>
      </h2>
      {view.groups.map((group) => (
        <GroupVital key={group} timer={timer} view={view} group={group} values={values} />
      ))}
      {control !== undefined &&
        variants.map((variant) => (
          <UpliftLine
            key={variant}
            metric={metric}
            control={{ group: control, value: values(control, metric) }}
            variant={{ group: variant, value: values(variant, metric) }}
            format={difference}
            few={fewIn(control) || fewIn(variant)}
          />
        ))}
    </article>
  );
}

function GroupVital({ timer, view, group, values }: VitalTileProps & { readonly group: string }) {
  const of = (figure: string) => values(group, `${timer.name}.${figure}`);
  const counted = of("count") ?? 0;
  const [p75, mean] = [of("p75"), of("mean")];
  const at = { group, standsOn: counted };
  return (
    <div class="group-vital">
      <div class="pair">
        <GroupName groups={view.groups} group={group} />
        <Figure metric={`${timer.name}.p75`} value={p75} text={timing(p75, timer.unit)} {...at} />
      </div>
      <SharesBar timer={timer} group={group} of={of} />
      <p class="small">
        <span>
          mean{" "}
          <Figure
            metric={`${timer.name}.mean`}
            value={mean}
            text={timing(mean, timer.unit)}
            {...at}
          />
        </span>
        <span>
          <Figure
            metric={`${timer.name}.count`}
            group={group}
            value={counted}
            text={count(counted)}
          />{" "}
          {counted === 1 ? "value" : "values"}
        </span>
      </p>
    </div>
  );
}

const SHARES = [
  { figure: "good", name: "good", style: "good" },
  { figure: "needs_improvement", name: "needs improvement", style: "fair" },
  { figure: "poor", name: "poor", style: "poor" },
] as const;

interface SharesBarProps {
  readonly timer: Timer;
  readonly group: string;
  readonly of: (figure: string) => number | null;
}

function SharesBar({ timer, group, of }: SharesBarProps) {
  if (of("good") === null) return <div class="shares" />;
  const text = SHARES.map(({ figure, name }) => `${share(of(figure))} ${name}`).join(", ");
  return (
    <>
      <div class="shares" aria-hidden="true" title={text}>
        {SHARES.map(({ figure, style }) => (
          <i key={figure} class={style} style={{ width: `${(of(figure) ?? 0) * 100}%` }} />
        ))}
      </div>
      <p class="small">
        {SHARES.map(({ figure, name, style }) => (
          <span key={figure} title={name}>
            <i class={`key ${style}`} aria-hidden="true" />
            <span class="hidden">{name} </span>
            <Figure
              metric={`${timer.name}.${figure}`}
              group={group}
              value={of(figure)}
              text={share(of(figure), 0)}
            />
          </span>
        ))}
      </p>
    </>
  );
}
