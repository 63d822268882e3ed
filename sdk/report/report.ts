/** A report as one HTML file: its data and the script that draws it; nothing is loaded from the network. */

import page from "../../build/report-page.js?text";
import { aString, checkArgument, checkArguments, listOf, withFields } from "../options.js";
import type { Report } from "./section.js";

export type { Report, Section } from "./section.js";

const STYLE = `
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1c2330; background: #f6f7f9; margin: 0; }
main { max-width: 900px; margin: 0 auto; padding: 32px 20px 80px; }
h1 { font-size: 30px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 0 0 12px; }
section { background: #fff; border: 1px solid #e3e6ea; border-radius: 10px; padding: 20px 22px; margin: 20px 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid #eceff2; vertical-align: top; }
th { font-weight: 600; color: #55606f; font-size: 14px; }
.note, .summary { color: #55606f; } .note { font-size: 14px; margin: 10px 0 0; } figure { margin: 0; }
`;

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** JSON for a script element; "<" is escaped, so that no text can close the element. */
const embed = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

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
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(report.title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main><h1>${escaped(report.title)}</h1><p class="summary">${escaped(report.summary)}</p></main>
<script type="application/json" id="report">${embed(report)}</script>
<script>${page.replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`;
}
