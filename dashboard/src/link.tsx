/** A link within the dashboard: no new load, but everything else that a link can do. */
import type { ComponentProps } from "preact";
import { visit } from "./place.ts";

export function Link(props: ComponentProps<"a"> & { readonly href: string }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    visit(props.href);
  };
  // biome-ignore lint/a11y/useValidAnchor: it has an href, and Enter clicks it
  // biome-ignore lint/a11y/useKeyWithClickEvents: as above
  // biome-ignore lint/a11y/noStaticElementInteractions: as above
  return <a {...props} onClick={follow} />;
}
