/** Any panel: resolves its file, asks its queries, draws it, and shows its rows and its file on demand. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useAnswer } from "../answer.ts";
import { ErrorNote } from "../error-note.tsx";
import { Scrolling } from "../scrolling.tsx";
import { chartConfig, type Scheme } from "../theme.ts";
import type { View } from "../view.ts";
import type { Chart } from "./draw.ts";
import { loadRows, type Rows } from "./load.ts";
import { PanelTable } from "./panel-table.tsx";
import { type JsonObject, type Parameters, type ResolvedPanel, resolvePanel } from "./resolve.ts";

export interface PanelProps {
  /** The file's name without its ending: tests find the panel by `data-panel`. */
  readonly name: string;
  readonly title: string;
  readonly panel: JsonObject;
  readonly parameters: Parameters;
  readonly view: View;
  readonly tick: number;
  readonly scheme: Scheme;
}

export function Panel({ name, title, panel, parameters, view, tick, scheme }: PanelProps) {
  const key = JSON.stringify(parameters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is what `parameters` says
  const resolved = useMemo(() => resolvePanel(panel, parameters), [panel, key]);
  const question = JSON.stringify([name, key, view.selection]);
  const answer = useAnswer(question, tick, () => loadRows(resolved.sources, view, tick));
  return (
    <section class="panel" data-panel={name} aria-label={title}>
      <h2>{title}</h2>
      <ErrorNote error={answer.error} />
      <Drawing resolved={resolved} rows={answer.value} scheme={scheme} compared={!!view.test} />
      <footer>
        <Disclosure label="Data as a table">
          {() => answer.value && <PanelTable rows={answer.value} />}
        </Disclosure>
        <Disclosure label="Specification">
          {() => (
            <Scrolling label={`Specification of ${title}`}>
              <pre>{JSON.stringify(panel, null, 2)}</pre>
            </Scrolling>
          )}
        </Disclosure>
      </footer>
    </section>
  );
}

interface DrawingProps {
  readonly resolved: ResolvedPanel;
  readonly rows: Rows | null;
  readonly scheme: Scheme;
  readonly compared: boolean;
}

function Drawing({ resolved, rows, scheme, compared }: DrawingProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Promise<Chart> | null>(null);
  const newest = useRef<Rows | null>(rows);
  const [error, fail] = useState<Error | null>(null);
  newest.current = rows;
  const ready = rows !== null;

  useEffect(() => {
    const container = place.current;
    if (!ready || !container) return;
    fail(null);
    const drawn = import("./draw.ts").then(({ drawChart }) =>
      drawChart(
        container,
        resolved.specification,
        newest.current ?? {},
        chartConfig(scheme, compared),
      ),
    );
    drawn.catch(fail);
    chart.current = drawn;
    return () => {
      chart.current = null;
      drawn.then((one) => one.remove()).catch(() => {});
      container.replaceChildren();
    };
  }, [resolved, ready, scheme, compared]);

  useEffect(() => {
    if (rows) chart.current?.then((one) => one.update(rows)).catch(fail);
  }, [rows]);

  const { height } = resolved.specification;
  const style = { minHeight: `${typeof height === "number" ? height + 48 : 288}px` };
  return (
    <>
      <ErrorNote error={error} />
      <div class="drawing" ref={place} style={style} aria-busy={!ready} />
    </>
  );
}

function Disclosure({
  label,
  children,
}: {
  label: string;
  children: () => preact.ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{label}</summary>
      {open && children()}
    </details>
  );
}
