/** Attention: a choice of layer and head, with thumbnails of all of them. */
import type { AttentionSection } from "../section.js";
import { element, shape, valuesOf, written } from "./elements.js";
import { figure } from "./figure.js";
import { drawMatrix, scaleOf } from "./heat.js";

/** Lower bounds of the shades of a thumbnail. */
const SHADES = [0.1, 0.25, 0.5, 0.75];

/** A thumbnail of a head: a shaded square for each weight. */
function thumbnail(weights: readonly (readonly number[])[]): SVGElement {
  const n = weights.length;
  const paths = SHADES.map((from, s) => {
    const below = SHADES[s + 1] ?? Number.POSITIVE_INFINITY;
    const squares = weights.flatMap((row, query) =>
      row.flatMap((weight, key) => (weight >= from && weight < below ? [`M${key} ${query}h1v1h-1z`] : [])),
    );
    return shape("path", { d: squares.join(""), "fill-opacity": 0.25 * (s + 1) });
  });
  return shape("svg", { viewBox: `0 0 ${n} ${n}`, "aria-hidden": "true" }, ...paths);
}

function chooser(name: string, count: number, chosen: number): { label: HTMLElement; select: HTMLSelectElement } {
  const options = Array.from({ length: count }, (_, i) =>
    element("option", { value: i, selected: i === chosen }, `${i + 1}`),
  );
  const select = element("select", {}, ...options) as HTMLSelectElement;
  return { select, label: element("label", {}, `${name} `, select) };
}

/** The strongest link of each token, in words, for screen readers. */
const strongest = (tokens: readonly string[], weights: readonly (readonly number[])[]): string[][] =>
  tokens.map((token, query) => {
    const row = weights[query]!;
    const best = row.indexOf(Math.max(...row));
    return [token, tokens[best]!, written(row[best]!)];
  });

export function attentionFigure({ title, tokens, weights }: AttentionSection): HTMLElement {
  let [layer, head] = [weights.length - 1, 0];
  const layers = chooser("Layer", weights.length, layer);
  const heads = chooser("Head", weights[0]!.length, head);
  const now = () => weights[layer]![head]!;
  const say = (query: number, key: number, weight: number) =>
    `${tokens[query]} attends to ${tokens[key]}\n${written(weight)}`;
  const drawn = figure(`${title}: which token attends to which, in the selected layer and head.`, (width) =>
    drawMatrix({ rows: tokens, columns: tokens, values: now(), say, most: 1 }, width),
  );
  const table = element("div");
  const buttons = weights.map((each, l) =>
    each.map((of, h) =>
      element("button", { type: "button", tabindex: -1, title: `layer ${l + 1}, head ${h + 1}` }, thumbnail(of)),
    ),
  );
  const show = (l: number, h: number): void => {
    [layer, head] = [l, h];
    layers.select.value = String(l);
    heads.select.value = String(h);
    drawn.redraw();
    table.textContent = "";
    table.append(
      valuesOf(`layer ${l + 1}, head ${h + 1}`, ["token", "attends most to", "weight"], strongest(tokens, now())),
    );
    for (const [i, row] of buttons.entries())
      for (const [j, button] of row.entries()) button.setAttribute("class", i === l && j === h ? "chosen" : "");
  };
  layers.select.addEventListener("change", () => show(Number(layers.select.value), head));
  heads.select.addEventListener("change", () => show(layer, Number(heads.select.value)));
  for (const [l, row] of buttons.entries())
    for (const [h, button] of row.entries()) button.addEventListener("click", () => show(l, h));
  // A shortcut for the pointer: keyboards and screen readers use the two lists.
  const overview = element(
    "div",
    {
      class: "heads",
      "aria-hidden": "true",
      style: `grid-template-columns: repeat(${weights[0]!.length}, minmax(0, 88px))`,
    },
    ...buttons.flat(),
  );
  show(layer, head);
  return element(
    "div",
    {},
    element("p", { class: "choice" }, layers.label, heads.label),
    scaleOf(now(), 1),
    drawn,
    overview,
    table,
  );
}
