/** CLAIMS.md: one row for each completed claim, in the order of names. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Claim, Verdict } from "./claim.js";

const HEADER = `# Published claims, tried with Cloze

\`npm run claims -- NAME\` writes each row. The bar was set before the seeds ran, and rows of claims that do not hold stay.
\`npm run claims -- --list\` names all claims, including those that have not been run. Intervals are 95 % (Student's t over
seeds); differences are between arms with the same seeds and data. Where our data, scale or candidates differ from the
published ones, only the direction is claimed. Minutes are processor time, summed over seeds.

| name | claim | source | published | bar | ours | holds | seeds | minutes |
|---|---|---|---|---|---|---|---|---|
`;

export interface Row {
  readonly claim: Claim;
  readonly verdict: Verdict;
  readonly seeds: readonly number[];
  readonly minutes: number;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const rowOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** The cells that describe a claim; the results follow. */
const textsOf = ({ name, claim, source, published, bar }: Claim): string[] =>
  [name, claim, source, published, bar].map(cell);

function line({ claim, verdict, seeds, minutes }: Row): string {
  const results = [verdict.ours, verdict.holds ? "yes" : "no", seeds.join(", ")];
  return rowOf([...textsOf(claim), ...[...results, minutes < 1 ? "< 1" : minutes.toFixed(0)].map(cell)]);
}

/** An earlier row with the current texts of its claim: they may have been edited since. */
function withTexts(row: string, claims: readonly Claim[]): string {
  const claim = claims.find(({ name }) => name === nameOf(row));
  if (!claim) return row;
  const cells = row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((text) => text.trim());
  const texts = textsOf(claim);
  return rowOf([...texts, ...cells.slice(texts.length)]);
}

const nameOf = (row: string): string => row.split("|")[1]!.trim();

/** The rows of CLAIMS.md by the names of their claims. */
export function rowsOf(root: string): Map<string, string> {
  const path = join(root, "CLAIMS.md");
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, "utf8").split("\n");
  const first = lines.findIndex((text) => text.startsWith("|---"));
  const rows = lines.slice(first + 1).filter((text) => text.startsWith("| "));
  return new Map(rows.map((row) => [nameOf(row), row]));
}

/** The explanations of the claims that do not hold. */
function explanations(rows: readonly string[], claims: readonly Claim[]): string {
  const failed = rows.filter((row) => / \| no \| [\d, ]+ \| [^|]+ \|$/.test(row)).map(nameOf);
  const lines = failed.flatMap((name) => {
    const claim = claims.find((other) => other.name === name);
    return claim?.explanation ? [`- **${name}**: ${claim.explanation}`] : [];
  });
  if (lines.length === 0) return "";
  return `\n## Why these do not hold\n\n${lines.join("\n")}\n`;
}

/**
 * Write the row of a claim in place of its earlier one.
 *
 * @param claims all claims; the other rows get their current texts, and those that do not hold are explained
 */
export function record(root: string, row: Row, claims: readonly Claim[]): void {
  const rows = rowsOf(root);
  rows.set(row.claim.name, line(row));
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => withTexts(text, claims));
  writeFileSync(join(root, "CLAIMS.md"), `${HEADER}${sorted.join("\n")}\n${explanations(sorted, claims)}`);
}
