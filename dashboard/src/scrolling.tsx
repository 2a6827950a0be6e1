/** A region that scrolls when its content is too wide or too high, by keyboard, too. */
import type { ComponentChildren } from "preact";

export function Scrolling({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without focus, the keyboard cannot scroll it
    <section class="scrolling" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
