/** A group's name with its mark: colour and shape, so that neither stands alone. */
import { EVERYBODY, groupClass } from "../groups.ts";

export function GroupName({ groups, group }: { groups: readonly string[]; group: string }) {
  return (
    <span class={`group ${groupClass(groups, group)}`}>
      <i aria-hidden="true" />
      {group === EVERYBODY ? "all visitors" : group || "(no group)"}
    </span>
  );
}
