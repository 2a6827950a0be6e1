/** One number on the page, with its exact value for machines: the place that tests and scripts read. */

/** Quantiles on fewer values than this are greyed. */
export const ENOUGH = 100;

export interface FigureProps {
  readonly metric: string;
  readonly group: string;
  readonly value: number | null;
  readonly text: string;
  /** How many values it stands on, where that can be too few. */
  readonly standsOn?: number | null;
}

export function Figure({ metric, group, value, text, standsOn }: FigureProps) {
  const few = standsOn !== undefined && (standsOn ?? 0) < ENOUGH;
  return (
    <span
      class={few ? "figure few" : "figure"}
      data-metric={metric}
      data-group={group}
      data-value={value ?? ""}
      title={few && value !== null ? `stands on ${standsOn} values only` : undefined}
    >
      {text}
    </span>
  );
}
