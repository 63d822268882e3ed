/** Rows of CLAIMS.md: the same comparison with three seeds and all labeled examples. */
import { existsSync, readFileSync } from "node:fs";
import type { Section } from "cloze/report";

/** Claims of pre-trained against random weights, as `npm run claims` names them. */
const CLAIMS: Readonly<Record<string, string>> = {
  "pretrained-sentiment": "sentiment",
  "pretrained-sentiment-500": "sentiment, 500 examples",
  "pretrained-inference": "inference",
  "pretrained-tags": "parts of speech",
  "pretrained-answers": "question answering (XQuAD)",
};

const TITLE = "The same comparison with three seeds";

/** The cells of a row of a Markdown table. */
const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

/** The rows by their first cell, each as its cells by the names of the columns. */
function tableOf(markdown: string): Map<string, ReadonlyMap<string, string>> {
  const lines = markdown.split("\n").filter((line) => line.startsWith("|"));
  const header = cellsOf(lines[0] ?? "");
  const rows = lines.slice(2).map(cellsOf);
  return new Map(rows.map((cells) => [cells[0]!, new Map(header.map((name, i) => [name, cells[i] ?? ""]))]));
}

/**
 * A table of the claims that have been run, or a sentence if none has.
 *
 * @param markdown CLAIMS.md
 */
export function seedsSection(markdown: string): Section {
  const table = tableOf(markdown);
  const run = Object.keys(CLAIMS).flatMap((name) => table.get(name) ?? []);
  const missing = Object.keys(CLAIMS).filter((name) => !table.has(name));
  const absent = `Not run yet: ${missing.map((name) => CLAIMS[name]!).join("; ")} (npm run claims -- ${missing.join(" ")}).`;
  if (run.length === 0)
    return {
      kind: "text",
      title: TITLE,
      paragraphs: [
        "One run with one seed is an illustration. CLAIMS.md will have the same comparison with three seeds, all labeled examples and the best of three learning rates for each network.",
        absent,
      ],
    };
  return {
    kind: "table",
    title: TITLE,
    note: `From CLAIMS.md: all labeled examples, the best of three learning rates for each network, intervals over seeds.${missing.length > 0 ? ` ${absent}` : ""}`,
    header: ["task", "result", "bar", "holds", "seeds"],
    rows: run.map((row) => [
      CLAIMS[row.get("name")!]!,
      ...["ours", "bar", "holds", "seeds"].map((column) => row.get(column) ?? ""),
    ]),
  };
}

/** @param path CLAIMS.md, which an incomplete copy of the project may lack */
export const claimsAt = (path: URL): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
