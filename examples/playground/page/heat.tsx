/** A table of numbers as colors: rows and columns have names. */
import { cell } from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { Plot } from "./plot.js";

/** Pixels of a cell, and of a character; characters of a column's name. */
const [CELL, CHARACTER, NAME] = [36, 7.2, 12];

const longestOf = (names: readonly string[]): number => Math.max(...names.map((name) => name.length));

/** The table; numbers from `lowest` to 1 fill its cells more and more. */
export function Heat(props: {
  readonly label: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: (row: number, column: number) => number;
  readonly lowest: number;
}) {
  const { label, rows, columns, values, lowest } = props;
  const options = useCallback(
    (width: number) => {
      const free = width - 10 - CELL * columns.length;
      const longest = Math.min(Math.max(110, 0.34 * width, free), CHARACTER * longestOf(rows) + 8);
      const size = Math.min(CELL, (width - longest - 10) / columns.length);
      const isNarrow = size < 24;
      const name = Math.min(NAME, longestOf(columns));
      const top = isNarrow ? 14 + CHARACTER * name : 22 + 5.5 * name;
      const cells = rows.flatMap((_, row) => columns.map((_, column) => ({ row, column, value: values(row, column) })));
      return {
        width: longest + 10 + size * columns.length,
        height: top + 6 + size * rows.length,
        ...{ marginLeft: longest, marginTop: top, marginRight: 4, marginBottom: 4 },
        x: {
          domain: columns.map((_, i) => i),
          axis: "top" as const,
          label: null,
          tickSize: 0,
          tickRotate: isNarrow ? -90 : -50,
        },
        y: { domain: rows.map((_, i) => i), label: null, tickSize: 0 },
        opacity: { domain: [0, 1], range: [0, 1] },
        marks: [
          cell(cells, {
            x: "column",
            y: "row",
            fill: "var(--accent)",
            fillOpacity: ({ value }: { value: number }) => Math.max(0, (value - lowest) / (1 - lowest)),
            stroke: "var(--line)",
            strokeWidth: 0.5,
            title: ({ row, column, value }: { row: number; column: number; value: number }) =>
              `${rows[row]} → ${columns[column]}: ${value.toFixed(3)}`,
          }),
        ],
      };
    },
    [rows.join("\n"), columns.join("\n"), values, lowest],
  );
  const named = useCallback(
    (width: number) => {
      const made = options(width);
      return {
        ...made,
        x: { ...made.x, tickFormat: (i: number) => shortened(columns[i] ?? "", NAME) },
        y: { ...made.y, tickFormat: (i: number) => shortened(rows[i] ?? "", made.marginLeft / CHARACTER) },
      };
    },
    [options],
  );
  return <Plot label={label} options={named} />;
}

const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, Math.floor(most) - 2)}…` : text;
