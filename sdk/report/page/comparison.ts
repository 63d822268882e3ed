/** Models compared on several tasks: dots, intervals, and the figure of a baseline without a model. */
import * as Plot from "@observablehq/plot";
import type { ComparisonSection, Estimate } from "../section.js";
import { color, element, table, writtenAs } from "./elements.js";
import { FONT, figure, placeIn } from "./figure.js";

type Row = ComparisonSection["rows"][number];

interface Shown extends Estimate {
  readonly arm: string;
  readonly color: string;
}

const CHARACTER = 7.4;

function textOf(unit: ComparisonSection["unit"], { arm, value, low, high }: Shown): string {
  const range = low === undefined || high === undefined ? "" : `, ${writtenAs(unit, low)} to ${writtenAs(unit, high)}`;
  return `${arm}\n${writtenAs(unit, value)}${range}`;
}

function draw({ unit, arms }: ComparisonSection, row: Row, width: number) {
  const shown = arms.flatMap((arm, i): Shown[] => {
    const estimate = row.estimates[i];
    return estimate ? [{ ...estimate, arm, color: color(i) }] : [];
  });
  const withInterval = shown.filter(({ low, high }) => low !== undefined && high !== undefined);
  const baseline = row.baseline === undefined ? [] : [row.baseline];
  const marginLeft = Math.min(0.42 * width, Math.max(...arms.map(({ length }) => length)) * CHARACTER + 14);
  const nearest = Plot.pointer({ x: "value", y: "arm", maxRadius: 80 });
  const plot = Plot.plot({
    style: FONT,
    ...{ width, height: 30 * arms.length + 56, marginLeft, marginRight: 18, marginTop: 18, marginBottom: 32 },
    x: {
      label: null,
      inset: 10,
      grid: true,
      ticks: Math.max(3, Math.floor(width / 110)),
      tickFormat: (value: number) => writtenAs(unit, value).replace(".0 %", " %"),
    },
    y: { label: null, domain: [...arms], tickSize: 0 },
    color: { type: "identity" },
    marks: [
      Plot.ruleX(baseline, { stroke: "var(--muted)", strokeDasharray: "2 3", strokeWidth: 1.5 }),
      Plot.text(baseline, {
        x: (value: number) => value,
        text: () => "baseline",
        frameAnchor: "top",
        dy: -14,
        fill: "var(--muted)",
        fontSize: 12,
      }),
      Plot.ruleY(withInterval, { y: "arm", x1: "low", x2: "high", stroke: "color", strokeWidth: 2.5 }),
      Plot.dot(shown, { x: "value", y: "arm", fill: "color", r: 6 }),
      Plot.tip(shown, { ...nearest, title: (d: Shown) => textOf(unit, d), fontSize: 13 }),
    ],
  });
  const stops = shown.map((d) => ({ ...placeIn(plot, d.value, d.arm), text: textOf(unit, d).replace("\n", ": ") }));
  return { plot, stops };
}

/** 0.79 with 0.74 to 0.83 -> "79.0 % (74.0 to 83.0)". */
function cellOf(unit: ComparisonSection["unit"], estimate: Estimate | null | undefined): string {
  if (!estimate) return "–";
  const { value, low, high } = estimate;
  const bare = (bound: number) => writtenAs(unit, bound).replace(" %", "");
  return low === undefined || high === undefined
    ? writtenAs(unit, value)
    : `${writtenAs(unit, value)} (${bare(low)} to ${bare(high)})`;
}

function values(section: ComparisonSection): HTMLElement {
  const { title, unit, arms, rows } = section;
  const hasBaseline = rows.some(({ baseline }) => baseline !== undefined);
  const header = ["task", "figure", "items", ...arms, ...(hasBaseline ? ["baseline"] : [])];
  const cells = rows.map((row) => [
    ...[row.name, row.metric ?? "–", row.items?.toLocaleString("en") ?? "–"],
    ...arms.map((_, i) => cellOf(unit, row.estimates[i])),
    ...(hasBaseline ? [row.baseline === undefined ? "–" : writtenAs(unit, row.baseline)] : []),
  ]);
  return table(header, cells, title);
}

export function comparisonFigure(section: ComparisonSection): HTMLElement {
  const parts = section.rows.map((row) => {
    const about = [row.metric, row.items === undefined ? undefined : `${row.items.toLocaleString("en")} items`];
    const measured = section.arms.map((arm, i) => `${arm} ${cellOf(section.unit, row.estimates[i])}`);
    return element(
      "div",
      { class: "row" },
      element(
        "h3",
        {},
        row.name,
        element(
          "small",
          {},
          about
            .filter((text) => text !== undefined)
            .map((text) => ` · ${text}`)
            .join(""),
        ),
      ),
      figure(`${row.name}: ${measured.join("; ")}.`, (width) => draw(section, row, width)),
      ...(row.verdict === undefined ? [] : [element("p", { class: "verdict" }, row.verdict)]),
    );
  });
  const interval =
    section.interval === undefined ? [] : [element("p", { class: "note" }, `Lines and brackets: ${section.interval}.`)];
  return element("div", {}, ...parts, values(section), ...interval);
}
