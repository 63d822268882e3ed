/** Curves over the steps of a run. */
import * as Plot from "@observablehq/plot";
import type { Curve, CurvePoint, CurvesSection } from "../section.js";
import { color, element, legend, shape, swatch, valuesOf, written } from "./elements.js";
import { FONT, figure, placeIn } from "./figure.js";

/** A curve with more points than this is noisy if its ups and downs add up to this many times its range. */
const [FEW, NOISY] = [40, 4];
/** Points on either side of a running mean, as a share of all. */
const REACH = 1 / 50;

/** The mean of each point and as many neighbors on either side; near an end, the shorter side decides how many. */
export function smoothed(points: readonly CurvePoint[]): CurvePoint[] {
  const reach = Math.max(1, Math.round(points.length * REACH));
  return points.map(({ x }, i) => {
    const side = Math.min(reach, i, points.length - 1 - i);
    const part = points.slice(i - side, i + side + 1);
    return { x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length };
  });
}

interface Shown extends CurvePoint {
  readonly name: string;
  readonly color: string;
}

/** Whether a running mean is drawn over a curve. */
export function isNoisy({ role, points }: Curve): boolean {
  if (role === "held-out" || points.length <= FEW) return false;
  const values = points.map(({ y }) => y);
  const travelled = values.reduce((sum, y, i) => sum + (i === 0 ? 0 : Math.abs(y - values[i - 1]!)), 0);
  return travelled > NOISY * (Math.max(...values) - Math.min(...values));
}

function textOf({ name, x, y, low, high }: Shown, section: CurvesSection): string {
  const range = low === undefined || high === undefined ? "" : ` (${written(low)} to ${written(high)})`;
  return `${name}\n${section.x} ${written(x)}\n${written(y)} ${section.y}${range}`;
}

function marksOf(curve: Curve, stroke: string): Plot.Markish[] {
  const { points, role } = curve;
  const place = { x: "x", y: "y" } as const;
  if (role === "held-out")
    return [
      Plot.line(points, { ...place, stroke, strokeWidth: 2, strokeDasharray: "6 3" }),
      Plot.dot(points, { ...place, fill: stroke, r: 4 }),
    ];
  const bands = points.filter(({ low }) => low !== undefined);
  if (!isNoisy(curve)) return [Plot.line(points, { ...place, stroke, strokeWidth: 2 })];
  return [
    Plot.areaY(bands, { x: "x", y1: "low", y2: "high", fill: stroke, fillOpacity: 0.12 }),
    Plot.line(points, { ...place, stroke, strokeWidth: 1, strokeOpacity: 0.35 }),
    Plot.line(smoothed(points), { ...place, stroke, strokeWidth: 2.2 }),
  ];
}

function draw(section: CurvesSection, width: number) {
  const { curves, levels = [] } = section;
  const shown = curves.flatMap(({ name, points }, i) =>
    points.map((point): Shown => ({ ...point, name, color: color(i) })),
  );
  const nearest = Plot.pointer({ x: "x", y: "y", maxRadius: 60 });
  const plot = Plot.plot({
    width,
    height: section.low ? 190 : Math.max(240, Math.min(360, width * 0.5)),
    style: FONT,
    marginLeft: 56,
    marginRight: 16,
    marginTop: 28,
    marginBottom: 42,
    grid: true,
    x: { label: section.x, ticks: Math.max(3, Math.floor(width / 90)), nice: false },
    y: { label: section.y, nice: true, zero: false },
    marks: [
      Plot.ruleY(levels, { y: "y", stroke: "var(--muted)", strokeDasharray: "2 3", strokeWidth: 1.5 }),
      Plot.text(levels, {
        y: "y",
        text: "label",
        frameAnchor: "right",
        textAnchor: "end",
        dx: -4,
        dy: -8,
        fill: "var(--muted)",
        stroke: "var(--card)",
        fontSize: 12,
      }),
      ...curves.flatMap((curve, i) => marksOf(curve, color(i))),
      Plot.ruleX(shown, Plot.pointer({ x: "x", py: "y", maxRadius: 60, stroke: "var(--muted)" })),
      Plot.dot(shown, { ...nearest, fill: "color", r: 5, stroke: "var(--card)" }),
      Plot.tip(shown, { ...nearest, title: (d: Shown) => textOf(d, section), fontSize: 13 }),
    ],
  });
  // Curve by curve: an arrow key moves to the next value of the same curve.
  const stops = shown.map((point) => ({
    ...placeIn(plot, point.x, point.y),
    text: textOf(point, section).replaceAll("\n", ", "),
  }));
  return { plot, stops };
}

function described({ title, x, y, curves }: CurvesSection): string {
  const each = curves.map(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? `${name} from ${written(first.y)} to ${written(last.y)}` : `${name} without values`;
  });
  return `${title}: ${y} by ${x}. ${each.join("; ")}.`;
}

/** Rows of the table below the plot; hundreds would not be read one by one. */
const MOST_ROWS = 60;

function values({ title, x, y, curves }: CurvesSection): HTMLElement {
  const rows = curves.flatMap(({ name, points }) => {
    const every = Math.ceil(points.length / MOST_ROWS);
    return points
      .filter((_, i) => i % every === 0 || i === points.length - 1)
      .map((point) => [name, written(point.x), written(point.y)]);
  });
  return valuesOf(title, ["curve", x, y], rows);
}

export function curvesFigure(section: CurvesSection): HTMLElement {
  const entries = section.curves.map((curve, i) => {
    const line = { x1: -10, x2: 10, y1: 0, y2: 0, style: `stroke: ${color(i)}; stroke-width: 2.5` };
    const dot = shape("circle", { r: 4, style: `fill: ${color(i)}` });
    return {
      name: isNoisy(curve) ? `${curve.name} (thin: values, thick: their running mean)` : curve.name,
      mark: curve.role === "held-out" ? swatch(shape("line", line), dot) : swatch(shape("line", line)),
    };
  });
  return element(
    "div",
    {},
    legend(entries),
    figure(described(section), (width) => draw(section, width)),
    values(section),
  );
}
