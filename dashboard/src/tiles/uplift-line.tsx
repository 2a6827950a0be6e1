/** What the variant changed: "B − A  −380 ms (−17.8 %)". */
import { percent } from "../format.ts";
import { uplift } from "../uplift.ts";

export interface UpliftLineProps {
  readonly metric: string;
  readonly control: { readonly group: string; readonly value: number | null };
  readonly variant: { readonly group: string; readonly value: number | null };
  /** The absolute difference as text, signed. */
  readonly format: (difference: number) => string;
  readonly few?: boolean;
}

export function UpliftLine({ metric, control, variant, format, few }: UpliftLineProps) {
  const found = uplift(control.value, variant.value);
  if (!found) return null;
  return (
    <p
      class={few ? "uplift few" : "uplift"}
      data-uplift={metric}
      data-variant={variant.group}
      data-absolute={found.absolute}
      data-relative={found.relative ?? ""}
    >
      <span>
        {variant.group} − {control.group}
      </span>
      <span>
        {format(found.absolute)}
        {found.relative !== null && ` (${percent(found.relative)})`}
      </span>
    </p>
  );
}
