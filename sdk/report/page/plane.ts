/** Points in groups on a plane. Each group has a color and a symbol, so that color is not needed to tell them apart. */
import * as Plot from "@observablehq/plot";
import type { PlaneSection } from "../section.js";
import { color, element, legend, shape, swatch, valuesOf, written } from "./elements.js";
import { FONT, figure, placeIn } from "./figure.js";
import { placeLabels } from "./labels.js";

const SYMBOLS = ["circle", "square", "triangle", "diamond2", "star", "cross", "wye", "asterisk"] as const;
const LEGEND_MARKS = ["●", "■", "▲", "◆", "★", "✚", "Y", "✳"];

type Point = PlaneSection["points"][number];

const RADIUS = 5;
/** Margin between the frame and the edge of the picture; labels stay within the frame. */
const EDGE = 4;
const LABEL = { edge: EDGE + 2, dot: RADIUS, character: 7.1, line: 14 };

const textOf = ({ label, group, detail }: Point): string =>
  [`${label} (${group})`, ...(detail === undefined ? [] : [detail])].join("\n");

/** The separation of the groups, in words that depend on the figures. */
export function separationText({ separation, kept }: PlaneSection): string[] {
  const lost =
    kept === undefined
      ? []
      : [
          `The two axes keep ${(100 * kept).toFixed(0)} % of the variance, so distances in the picture are approximate.`,
        ];
  if (!separation) return lost;
  const { silhouette, chance } = separation;
  const against = `random groupings of the same points reach ${written(chance.mean)} on average and ${written(chance.highest)} at most, in ${chance.draws} draws`;
  const verdict =
    silhouette > chance.highest
      ? silhouette > 0.25
        ? "The groups are separate."
        : "The groups separate, but they overlap."
      : "The groups are no more separate than random ones.";
  return [
    `${verdict} Their mean silhouette is ${written(silhouette)}; ${against}. 1 means tight and separate groups, 0 overlapping groups, and below 0 points nearer to another group than to their own (cosine distances of all dimensions, Rousseeuw 1987).`,
    ...lost,
  ];
}

/** Draw labels at the places that {@link placeLabels} finds. @returns the number of labels without a place */
function drawLabels(
  plot: SVGElement,
  points: readonly Point[],
  at: readonly { x: number; y: number }[],
  size: { width: number; height: number },
): number {
  const dots = points.map(({ label }, i) => ({ ...at[i]!, label }));
  const placed = placeLabels(dots, { ...size, ...LABEL });
  const group = shape("g", { "aria-label": "labels", "font-size": 12, "pointer-events": "none" });
  for (const [i, box] of placed.entries()) {
    if (!box) continue;
    const { x, y } = dots[i]!;
    const [middle, line] = [box.x + box.width / 2, box.y + box.height / 2];
    const end = Math.max(box.x, Math.min(x, box.x + box.width));
    if (box.apart)
      group.append(shape("line", { x1: x, y1: y, x2: end, y2: line, stroke: "var(--muted)", "stroke-opacity": 0.6 }));
    group.append(
      shape(
        "text",
        { x: middle, y: line, "text-anchor": "middle", dy: "0.35em", fill: "var(--text)" },
        points[i]!.label,
      ),
    );
  }
  plot.append(group);
  return placed.filter((box) => box === null).length;
}

function draw(section: PlaneSection, groups: readonly string[], width: number, told: HTMLElement) {
  const { points } = section;
  const height = Math.max(340, Math.min(520, width * 0.65));
  const nearest = Plot.pointer({ x: "x", y: "y", maxRadius: 60 });
  const plot = Plot.plot({
    style: FONT,
    ...{ width, height, inset: 34, margin: EDGE },
    x: { axis: null },
    y: { axis: null },
    color: { type: "identity" },
    symbol: { domain: [...groups], range: groups.map((_, i) => SYMBOLS[i % SYMBOLS.length]!) },
    marks: [
      Plot.frame({ stroke: "var(--line)" }),
      Plot.dot(points, {
        ...{ x: "x", y: "y", symbol: "group", r: RADIUS },
        fill: (d: Point) => color(groups.indexOf(d.group)),
      }),
      Plot.tip(points, { ...nearest, title: textOf, fontSize: 13 }),
    ],
  });
  const at = points.map((point) => placeIn(plot, point.x, point.y));
  const hidden = drawLabels(plot as SVGElement, points, at, { width, height });
  told.textContent = hidden === 0 ? "" : `${hidden} labels do not fit. They appear on hover and in the table.`;
  return { plot, stops: points.map((point, i) => ({ ...at[i]!, text: textOf(point).replaceAll("\n", ": ") })) };
}

export function planeFigure(section: PlaneSection): HTMLElement {
  const groups = [...new Set(section.points.map(({ group }) => group))];
  const told = element("p", { class: "note" });
  const entries = groups.map((name, i) => ({
    name,
    mark: swatch(
      shape(
        "text",
        { "text-anchor": "middle", dy: "0.35em", "font-size": 14, style: `fill: ${color(i)}` },
        LEGEND_MARKS[i % LEGEND_MARKS.length]!,
      ),
    ),
  }));
  const label = `${section.title}: ${section.points.length} points in ${groups.length} groups, ${groups.join(", ")}.`;
  return element(
    "div",
    {},
    legend(entries),
    figure(label, (width) => draw(section, groups, width, told)),
    told,
    ...separationText(section).map((text) => element("p", {}, text)),
    valuesOf(
      section.title,
      ["label", "group", "x", "y"],
      section.points.map(({ label: name, group, x, y }) => [name, group, written(x), written(y)]),
    ),
  );
}
