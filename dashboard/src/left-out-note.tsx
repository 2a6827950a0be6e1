/** How much the figures leave out, and what else the API says about them. */
import type { Meta } from "./api.ts";
import { count } from "./format.ts";

export function LeftOutNote({ meta }: { meta: Meta }) {
  const left = meta.left_out;
  if (!left || left.impressions === 0) return null;
  const noun = left.impressions === 1 ? "impression" : "impressions";
  return (
    <p class="quiet" data-test="left-out" data-value={left.impressions}>
      Left out: {count(left.impressions)} {noun} of {left.reason}.
    </p>
  );
}
