/** A heat map: hue by sign, strength by size. Both colors come from the style sheet, so that they fit light and dark. */
import * as Plot from "@observablehq/plot";
import type { HeatSection } from "../section.js";
import { element, valuesOf, written } from "./elements.js";
import { FONT, figure, placeIn } from "./figure.js";

/** Longer names are numbered, and listed below. */
const LONGEST_NAME = 22;
/** Pixels of a character of a label. */
const CHARACTER = 7.4;

interface Cell {
  readonly r: number;
  readonly c: number;
  readonly value: number;
}

export interface Matrix {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly number[])[];
  /** the text of a cell on hover */
  say(row: number, column: number, value: number): string;
  /** the value of the strongest color */
  readonly most: number;
}

const isLong = (names: readonly string[]): boolean => names.some(({ length }) => length > LONGEST_NAME);

/** The names, or their numbers if the names are long. */
const labels = (names: readonly string[]): readonly string[] =>
  isLong(names) ? names.map((_, i) => `${i + 1}`) : names;

/** @returns the drawing of a matrix, and the position of each cell */
export function drawMatrix({ rows, columns, values, say, most }: Matrix, width: number) {
  const cells = values.flatMap((row, r) => row.map((value, c): Cell => ({ r, c, value })));
  const [left, below] = [labels(rows), labels(columns)];
  const longest = (names: readonly string[]) => Math.max(2, ...names.map(({ length }) => length)) * CHARACTER;
  const marginLeft = longest(left) + 14;
  const marginBottom = 0.72 * longest(below) + 24;
  const size = Math.max(12, Math.min(46, (width - marginLeft - 12) / columns.length));
  const strength = (value: number): number => Math.min(1, Math.abs(value) / most);
  const say_ = (d: Cell): string => say(d.r, d.c, d.value);
  const nearest = Plot.pointer({ x: "c", y: "r", maxRadius: 60 });
  const plot = Plot.plot({
    ...{ width: marginLeft + size * columns.length + 12, height: size * rows.length + marginBottom + 8 },
    style: FONT,
    ...{ marginLeft, marginBottom, marginTop: 8, marginRight: 12, padding: 0.06 },
    x: {
      type: "band",
      label: null,
      domain: columns.map((_, i) => i),
      tickFormat: (i: number) => below[i]!,
      tickRotate: -45,
      tickSize: 0,
    },
    y: { type: "band", label: null, domain: rows.map((_, i) => i), tickFormat: (i: number) => left[i]!, tickSize: 0 },
    opacity: { type: "identity" },
    color: { type: "identity" },
    marks: [
      Plot.cell(cells, { x: "c", y: "r", fill: "var(--empty)" }),
      Plot.cell(cells, {
        ...{ x: "c", y: "r" },
        fill: (d: Cell) => (d.value < 0 ? "var(--below)" : "var(--above)"),
        fillOpacity: (d: Cell) => strength(d.value),
      }),
      Plot.cell(cells, { ...nearest, stroke: "var(--text)", strokeWidth: 2, fill: "none" }),
      Plot.tip(cells, { ...nearest, title: say_, fontSize: 13 }),
    ],
  });
  return { plot, stops: cells.map((cell) => ({ ...placeIn(plot, cell.c, cell.r), text: say_(cell) })) };
}

/** The scale of the colors, from none to the strongest. */
export function scaleOf(values: readonly (readonly number[])[], most: number): HTMLElement {
  const negative = values.some((row) => row.some((value) => value < 0));
  return element(
    "p",
    { class: "scale" },
    negative ? written(-most) : "0",
    element("span", { class: negative ? "both" : "one", "aria-hidden": "true" }),
    written(most),
  );
}

/** A numbered list of names that are too long for an axis. */
function listOf(names: readonly string[]): HTMLElement[] {
  return isLong(names) ? [element("ol", { class: "names" }, ...names.map((name) => element("li", {}, name)))] : [];
}

export function heatFigure({ title, rows, columns, values }: HeatSection): HTMLElement {
  const most = Math.max(...values.flat().map(Math.abs)) || 1;
  const [left, below] = [labels(rows), labels(columns)];
  const say = (r: number, c: number, value: number) => `${left[r]} – ${below[c]}\n${written(value)}`;
  const label = `${title}: a matrix of ${rows.length} rows and ${columns.length} columns.`;
  return element(
    "div",
    {},
    scaleOf(values, most),
    figure(label, (width) => drawMatrix({ rows, columns, values, say, most }, width)),
    ...listOf(rows),
    valuesOf(
      title,
      ["", ...columns],
      rows.map((name, r) => [name, ...values[r]!.map(written)]),
    ),
  );
}
