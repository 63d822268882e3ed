/** The script inside a report: draws its sections in the browser, with Observable Plot for the plots. */
import type { Report, Section } from "../section.js";
import { attentionFigure } from "./attention.js";
import { comparisonFigure } from "./comparison.js";
import { curvesFigure } from "./curves.js";
import { element, table } from "./elements.js";
import { heatFigure } from "./heat.js";
import { planeFigure } from "./plane.js";
import { answers, facts, finding, ranked } from "./words.js";

function body(section: Section): HTMLElement {
  switch (section.kind) {
    case "finding":
      return finding(section);
    case "facts":
      return facts(section);
    case "text":
      return element("div", {}, ...section.paragraphs.map((paragraph) => element("p", {}, paragraph)));
    case "table":
      return table(section.header, section.rows, section.title);
    case "comparison":
      return comparisonFigure(section);
    case "curves":
      return curvesFigure(section);
    case "heat":
      return heatFigure(section);
    case "attention":
      return attentionFigure(section);
    case "plane":
      return planeFigure(section);
    case "ranked":
      return ranked(section);
    case "answers":
      return answers(section);
  }
}

/** A report with more sections than this begins with a list of them. */
const FEW = 4;

const { sections } = JSON.parse(document.getElementById("report")!.textContent!) as Report;
const main = document.querySelector("main")!;
if (sections.length > FEW) {
  const links = sections.map(({ title }, i) => element("li", {}, element("a", { href: `#section-${i + 1}` }, title)));
  main.append(element("nav", { "aria-label": "Sections" }, element("ul", {}, ...links)));
}
for (const [i, section] of sections.entries()) {
  main.append(
    element(
      "section",
      { id: `section-${i + 1}`, class: section.kind, "aria-labelledby": `title-${i + 1}` },
      element("h2", { id: `title-${i + 1}` }, section.title),
      body(section),
      ...(section.note ? [element("p", { class: "note" }, section.note)] : []),
    ),
  );
}
