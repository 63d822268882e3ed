/** A report as one HTML file: its data, and the script that draws it. Nothing is loaded from the network. */

import page from "../../build/report-page.js?text";
import { ArgumentError, aString, checkArgument, checkArguments, given, listOf, withFields } from "../options.js";
import type { Report, Section } from "./section.js";
import { STYLE } from "./style.js";

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** JSON for a script element; "<" is escaped, so that no text can close the element. */
const embed = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** Required fields of each kind of section, in addition to its title. */
const FIELDS: Readonly<Record<Section["kind"], readonly string[]>> = {
  finding: ["statement"],
  facts: ["facts"],
  text: ["paragraphs"],
  table: ["header", "rows"],
  comparison: ["unit", "arms", "rows"],
  curves: ["x", "y", "curves"],
  heat: ["rows", "columns", "values"],
  attention: ["tokens", "weights"],
  plane: ["points"],
  ranked: ["unit", "items"],
  answers: ["items"],
};

/** @throws {ArgumentError} for a section that the page could not draw */
function checkSection(section: Section, i: number): void {
  if (!Object.hasOwn(FIELDS, section.kind))
    throw new ArgumentError(
      `renderReport: sections[${i}].kind must be one of ${Object.keys(FIELDS).join(", ")}, got ${given(section.kind)}`,
    );
  const missing = FIELDS[section.kind].find((name) => Reflect.get(section, name) === undefined);
  if (missing !== undefined)
    throw new ArgumentError(`renderReport: sections[${i}] of the kind ${section.kind} has no ${missing}`);
}

/**
 * Render a report as a complete HTML document.
 *
 * @example
 * const html = renderReport({ title: "A run", summary: "", sections: [{ kind: "text", title: "Done", paragraphs: ["…"] }] });
 */
export function renderReport(report: Report): string {
  checkArgument("renderReport", "report", report, withFields("a report", "title", "summary", "sections"));
  const { title, summary, sections } = report;
  const aSection = withFields("a section with kind and title", "kind", "title");
  checkArguments(
    "renderReport",
    { title, summary, sections },
    { title: aString, summary: aString, sections: listOf(aSection) },
  );
  sections.forEach(checkSection);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(report.title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main><h1>${escaped(report.title)}</h1><p class="summary">${escaped(report.summary)}</p></main>
<noscript><p>This page needs JavaScript to draw its plots and tables. The script is part of this file.</p></noscript>
<script type="application/json" id="report">${embed(report)}</script>
<script>${page.replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`;
}
