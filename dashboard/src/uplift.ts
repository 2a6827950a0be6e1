/** The difference between a variant and the control: what left, minus what it started from. */

export interface Uplift {
  /** variant - control, in the unit of the values; negative means less. */
  readonly absolute: number;
  /** (variant - control) / control; null where the control is 0. */
  readonly relative: number | null;
}

/** The uplift of `variant` over `control`; null where either has nothing to stand on. */
export function uplift(control: number | null, variant: number | null): Uplift | null {
  if (control === null || variant === null) return null;
  const absolute = variant - control;
  return { absolute, relative: control === 0 ? null : absolute / control };
}
