/** The script inside a report: draws its sections in the browser with Observable Plot. */
import * as Plot from "@observablehq/plot";
import type { Report, Section } from "./section.js";

const WIDTH = 860;

function element(name: string, text = "", className = ""): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function table({ header, rows }: Extract<Section, { kind: "table" }>): HTMLElement {
  const made = element("table");
  const line = (cells: readonly string[], name: string) => {
    const row = element("tr");
    row.append(...cells.map((cell) => element(name, cell)));
    return row;
  };
  made.append(line(header, "th"), ...rows.map((cells) => line(cells, "td")));
  return made;
}

function lines({ x, y, points, levels = [] }: Extract<Section, { kind: "lines" }>): Element {
  return Plot.plot({
    width: WIDTH,
    height: 320,
    marginLeft: 50,
    marginRight: 110,
    grid: true,
    x: { label: x },
    y: { label: y },
    color: { legend: true },
    marks: [
      Plot.ruleY(levels, { y: "y", stroke: "#999", strokeDasharray: "4 3" }),
      Plot.text(levels, {
        y: "y",
        text: "label",
        frameAnchor: "right",
        dx: 105,
        textAnchor: "end",
        dy: -7,
        fill: "#666",
      }),
      Plot.line(points, { x: "x", y: "y", stroke: "series", strokeWidth: 1.8 }),
    ],
  });
}

function heat({ rows, columns, values }: Extract<Section, { kind: "heat" }>): Element {
  // Rows and columns are numbered, because names may repeat.
  const cells = values.flatMap((row, r) => row.map((value, c) => ({ r, c, value })));
  const longest = Math.max(...rows.map((name) => name.length), 4);
  const size = Math.max(16, Math.min(40, (WIDTH - 7 * longest) / columns.length));
  return Plot.plot({
    width: Math.min(WIDTH, 7 * longest + 30 + size * columns.length),
    height: size * rows.length + 110,
    marginLeft: 7 * longest + 16,
    marginBottom: 90,
    marginTop: 10,
    padding: 0.04,
    x: {
      type: "band",
      label: null,
      domain: columns.map((_, i) => i),
      tickFormat: (i: number) => columns[i]!,
      tickRotate: -45,
    },
    y: { type: "band", label: null, domain: rows.map((_, i) => i), tickFormat: (i: number) => rows[i]! },
    color: { scheme: "YlGnBu", legend: true },
    marks: [
      Plot.cell(cells, { x: "c", y: "r", fill: "value" }),
      Plot.tip(cells, Plot.pointer({ x: "c", y: "r", title: (d: { value: number }) => d.value.toFixed(3) })),
    ],
  });
}

function scatter({ points }: Extract<Section, { kind: "scatter" }>): Element {
  return Plot.plot({
    width: WIDTH,
    height: 460,
    inset: 24,
    x: { axis: null },
    y: { axis: null },
    color: { legend: true },
    marks: [
      Plot.dot(points, { x: "x", y: "y", fill: "group", r: 4 }),
      Plot.text(points, { x: "x", y: "y", text: "label", dy: -9, fontSize: 11 }),
      Plot.frame({ stroke: "#ddd" }),
    ],
  });
}

function draw(section: Section): HTMLElement {
  const made = element("section");
  made.append(element("h2", section.title));
  if (section.kind === "text") made.append(...section.paragraphs.map((paragraph) => element("p", paragraph)));
  if (section.kind === "table") made.append(table(section));
  if (section.kind === "lines") made.append(lines(section));
  if (section.kind === "heat") made.append(heat(section));
  if (section.kind === "scatter") made.append(scatter(section));
  if ("note" in section && section.note) made.append(element("p", section.note, "note"));
  return made;
}

const report = JSON.parse(document.getElementById("report")!.textContent!) as Report;
document.querySelector("main")!.append(...report.sections.map(draw));
