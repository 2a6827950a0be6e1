/** Gets a timer by name: milliseconds, or the unitless `cls`. */
export type Report = (timer: string, value: number) => void;
