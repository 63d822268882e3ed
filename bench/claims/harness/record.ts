/** CLAIMS.md: a row for each claim that was run to its end, in the order of their names. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Claim, Verdict } from "./claim.js";

const HEADER = `# Published claims, tried with Cloze

Each row is written by \`npm run claims -- NAME\`: the bar was set before the seeds ran, and rows of claims that do not hold
stay. \`npm run claims -- --list\` names all, with those that were not run yet. Intervals are 95 % (Student's t over seeds);
differences are between arms with the same seeds and data. Where our data, scale or candidates differ from the published
ones, only the direction is claimed. Minutes are of processor time, of all seeds.

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

function line({ claim: { name, claim, source, published, bar }, verdict, seeds, minutes }: Row): string {
  const cells = [name, claim, source, published, bar, verdict.ours, verdict.holds ? "yes" : "no"];
  return `| ${[...cells, seeds.join(", "), minutes < 1 ? "< 1" : minutes.toFixed(0)].map(cell).join(" | ")} |`;
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

/** Write a row, in place of the claim's earlier one. */
export function record(root: string, row: Row): void {
  const rows = rowsOf(root);
  rows.set(row.claim.name, line(row));
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  writeFileSync(join(root, "CLAIMS.md"), `${HEADER}${sorted.join("\n")}\n`);
}
