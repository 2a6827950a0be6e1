/** A panel's rows as tables, one per named data set: what a chart shows, for reading and for screen readers. */
import { instant, NOTHING } from "../format.ts";
import { Scrolling } from "../scrolling.tsx";
import type { Rows } from "./load.ts";
import type { Row } from "./rows.ts";

const SHOWN = 500;

export function PanelTable({ rows }: { rows: Rows }) {
  return (
    <Scrolling label="Data as a table">
      {Object.entries(rows).map(([name, all]) => (
        <DataSet key={name} name={name} rows={all} />
      ))}
    </Scrolling>
  );
}

function DataSet({ name, rows }: { name: string; rows: readonly Row[] }) {
  const columns = columnsOf(rows);
  const hidden = Math.max(rows.length - SHOWN, 0);
  return (
    <table class="figures">
      <caption>
        {name}
        {hidden > 0 && `: the last ${SHOWN} of ${rows.length} rows`}
      </caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.slice(hidden).map((row) => (
          <tr key={columns.map((column) => row[column]).join(" ")}>
            {columns.map((column) => (
              <td key={column}>{cellText(column, row[column] ?? null)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function columnsOf(rows: readonly Row[]): string[] {
  const names = Object.keys(rows[0] ?? {});
  return ["time", "group", ...names].filter(
    (name, index, all) => names.includes(name) && all.indexOf(name) === index,
  );
}

function cellText(column: string, value: Row[string]): string {
  if (value === null) return NOTHING;
  if (column === "time") return instant(new Date(Number(value)));
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value)
    ? value.toLocaleString("en-GB")
    : value.toLocaleString("en-GB", { maximumSignificantDigits: 5 });
}
