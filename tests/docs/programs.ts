/** The programs and commands of a document, in order, as a reader would type them. */

export interface Program {
  readonly kind: "program";
  /** file name without ending */
  readonly name: string;
  readonly code: string;
}

export interface Command {
  readonly kind: "command";
  readonly line: string;
}

/**
 * Blocks of TypeScript are programs: one that begins with an import begins a program, another continues the one before it.
 * In blocks of shell, lines with `npx cloze` are commands.
 *
 * @param path of the document, which names the programs
 */
export function stepsOf(path: string, markdown: string): (Program | Command)[] {
  const steps: (Program | Command)[] = [];
  const stem = path.replace(/\.md$/, "").replaceAll("/", "-");
  let latest = -1;
  for (const [, language, body] of markdown.matchAll(/^```(ts|sh)\n([\s\S]*?)^```$/gm)) {
    if (language === "sh") {
      const lines = body!.replaceAll("\\\n", " ").split("\n");
      for (const line of lines) if (line.includes("npx cloze")) steps.push({ kind: "command", line });
      continue;
    }
    const code = body!.replace(/^\/\/.*\n/, "");
    const before = steps[latest];
    if (code.startsWith("import") || before?.kind !== "program") {
      latest = steps.length;
      steps.push({ kind: "program", name: `${stem}-${steps.length + 1}`, code });
    } else steps[latest] = { ...before, code: `${before.code}\n${code}` };
  }
  return steps;
}

/** A few steps instead of hundreds, one epoch instead of twenty: tests show that programs run, not how far they learn. */
export const shortened = (text: string): string =>
  text
    .replace(/\bsteps( =|:) \d{3,}/g, "steps$1 4")
    .replace(/--steps \d+/g, "--steps 4")
    .replace(/npx cloze finetune (?!.*--epochs)/g, "$&--epochs 1 ");

/** A line `console.log(x); // value` hands both to `said`, which prints x and notes it beside the comment. */
export const watched = (code: string): string =>
  code.replace(
    /^( *)console\.log\((.*)\); \/\/ (.+)$/gm,
    (_, indent: string, shown: string, comment: string) => `${indent}said(${JSON.stringify(comment)}, ${shown});`,
  );

/** Runs programs one after another in one process, and writes what `said` hears to said.jsonl. */
export const RUNNER = `
import { appendFileSync } from "node:fs";
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
globalThis.said = (comment, ...values) => {
  console.log(...values);
  const value = values.length > 1 ? values : values[0];
  appendFileSync("said.jsonl", JSON.stringify({ comment, value }, plain) + "\\n");
};
for (const file of process.argv.slice(2)) {
  console.log(file);
  await import("./" + file);
}
`;
