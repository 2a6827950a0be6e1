/** A tile for a count or a ratio: the total where there is one, each group, and the difference. */
import { EVERYBODY } from "../groups.ts";
import type { View } from "../view.ts";
import { Figure } from "./figure.tsx";
import { GroupName } from "./group-name.tsx";
import { UpliftLine } from "./uplift-line.tsx";
import type { Values } from "./values.ts";

export interface Measure {
  readonly metric: string;
  readonly title: string;
  readonly hint: string;
  readonly format: (value: number | null) => string;
  /** A signed difference; without it the groups are not compared, as for counts, which the split decides. */
  readonly difference?: (value: number) => string;
  /** Whether the groups' values add up. */
  readonly additive: boolean;
}

export interface MeasureTileProps {
  readonly measure: Measure;
  readonly view: View;
  readonly values: Values;
}

export function MeasureTile({ measure, view, values }: MeasureTileProps) {
  const { metric, title, hint, format, difference, additive } = measure;
  const [control, ...variants] = view.groups;
  const valueIn = (group: string) => values(group, metric) ?? (additive ? 0 : null);
  return (
    <article class="tile" data-tile={metric}>
      <h2 title={hint}>{title}</h2>
      {view.groups.map((group) => (
        <div class="pair" key={group}>
          <GroupName groups={view.groups} group={group} />
          <Figure
            metric={metric}
            group={group}
            value={valueIn(group)}
            text={format(valueIn(group))}
          />
        </div>
      ))}
      {additive && view.test && <Total measure={measure} view={view} valueIn={valueIn} />}
      {difference &&
        control !== undefined &&
        variants.map((variant) => (
          <UpliftLine
            key={variant}
            metric={metric}
            control={{ group: control, value: valueIn(control) }}
            variant={{ group: variant, value: valueIn(variant) }}
            format={difference}
          />
        ))}
    </article>
  );
}

interface TotalProps {
  readonly measure: Measure;
  readonly view: View;
  readonly valueIn: (group: string) => number | null;
}

function Total({ measure, view, valueIn }: TotalProps) {
  const total = view.groups.reduce((sum, group) => sum + (valueIn(group) ?? 0), 0);
  return (
    <p class="uplift">
      <span>total</span>
      <Figure
        metric={measure.metric}
        group={EVERYBODY}
        value={total}
        text={measure.format(total)}
      />
    </p>
  );
}
