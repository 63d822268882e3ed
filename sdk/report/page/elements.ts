/** Elements of the page: text, tables, legends. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string;

/** An element with attributes and children; `true` is an attribute without a value, `false` and undefined are none. */
export function element(name: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  made.append(...children);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function shape(name: string, attributes: Attributes, ...children: Child[]): SVGElement {
  const made = document.createElementNS(SVG, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** 0.12345 -> "0.123", 1234.5 -> "1,235". */
export function written(value: number): string {
  return digits(value).replace("-", "−");
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) || size >= 1000) return Math.round(value).toLocaleString("en");
  if (size < 0.001) return value.toExponential(1).replace("e-", "e−");
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** A share as "73.1 %", or a number. */
export const writtenAs = (unit: "percent" | "number", value: number): string =>
  unit === "percent" ? `${(100 * value).toFixed(1)} %` : written(value);

/** Whether a cell is aligned as a number: "1,234", "73.1 %", "± 0.2", "–". */
const isNumeric = (cell: string): boolean => /^[±+−–-]?\s?[\d.,]*\s?(%|s|min|points)?$/.test(cell);

/**
 * A table whose rows become cards on a narrow screen. The roles repeat those of the elements: browsers drop the implicit ones
 * when the layout is not that of a table.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], label: string): HTMLElement {
  const numeric = header.map((_, c) => rows.length > 0 && rows.every((row) => isNumeric(row[c] ?? "")));
  const className = (c: number) => (numeric[c] ? "number" : undefined);
  const head = header.map((cell, c) =>
    element("th", { role: "columnheader", scope: "col", class: className(c) }, cell),
  );
  const body = rows.map((cells) =>
    element(
      "tr",
      { role: "row" },
      ...cells.map((cell, c) =>
        element(
          c === 0 ? "th" : "td",
          {
            role: c === 0 ? "rowheader" : "cell",
            scope: c === 0 ? "row" : undefined,
            class: className(c),
            "data-label": header[c],
          },
          cell,
        ),
      ),
    ),
  );
  return element(
    "table",
    { role: "table", "aria-label": label },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
    element("tbody", { role: "rowgroup" }, ...body),
  );
}

/** A part of the page that scrolls on its own, with the keyboard too. */
export const scrolling = (label: string, ...children: Child[]): HTMLElement =>
  element("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": label }, ...children);

/** The values of a plot as a table, collapsed. */
export function valuesOf(title: string, header: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  return element(
    "details",
    { class: "values" },
    element("summary", {}, `Values of “${title}”`),
    scrolling(`Values of ${title}`, table(header, rows, title)),
  );
}

/** One entry of a legend: a mark and a name. */
export const legend = (entries: readonly { readonly mark: Node; readonly name: string }[]): HTMLElement =>
  element("ul", { class: "legend" }, ...entries.map(({ mark, name }) => element("li", {}, mark, name)));

/** A small drawing for a legend. */
export const swatch = (...shapes: SVGElement[]): SVGElement =>
  shape("svg", { width: 22, height: 14, viewBox: "-11 -7 22 14", "aria-hidden": "true" }, ...shapes);

/** Color of the n-th series or group: a variable of the style sheet, which defines it for light and dark. */
export const color = (n: number): string => `var(--series-${(n % 8) + 1})`;
