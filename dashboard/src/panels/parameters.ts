/** The parameters that every panel may use as `$name`, from the view that the page shows. */
import { fullName, timerOf } from "../timers.ts";
import type { Bucket, View } from "../view.ts";
import type { Parameters } from "./resolve.ts";

const STRIP_ROW = 24;

/** README.md lists them for those who write panels. */
export function panelParameters(view: View, bucket: Bucket): Parameters {
  const timer = timerOf(view.state.timer);
  const { scale } = view.state;
  const unit = timer.unit || "unit";
  return {
    timer: timer.name,
    label: timer.short,
    longLabel: fullName(timer),
    unitNote: timer.unit ? ` (${timer.unit})` : "",
    valueFormat: timer.unit ? ",.0f" : ".3f",
    axisFormat: timer.unit ? ",.0f" : ".3~f",
    bucket,
    groups: view.groups,
    scale,
    isLinear: scale === "linear",
    densityTitle: `share of values per ${scale === "log" ? `log-${unit}` : unit}`,
    stripHeight: STRIP_ROW * view.groups.length + 8,
    stripEnd: STRIP_ROW * view.groups.length - 16,
  };
}
