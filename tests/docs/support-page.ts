/** docs/support.md from the tables of the code: families, objectives, tasks, element types and the steps of tokenizers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TO_F32 } from "../../sdk/io/safetensors/element-types.js";
import { FAMILIES } from "../../sdk/models/families.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { type AnyPublished, PUBLISHED_OBJECTIVES } from "../../sdk/objectives/published.js";
import { FRESH_FAMILIES } from "../../sdk/train/fresh/fresh-model.js";
import { answerTask } from "../../sdk/train/tasks/answer.js";
import { classifyTask } from "../../sdk/train/tasks/classify.js";
import { embedTask } from "../../sdk/train/tasks/embed.js";
import { multiLabelTask } from "../../sdk/train/tasks/multi-label.js";
import { regressTask } from "../../sdk/train/tasks/regress.js";
import { tagTask } from "../../sdk/train/tasks/tag.js";
import { type AnyTask, anyTask } from "../../sdk/train/tasks/task.js";
import { root } from "../helpers/shared.js";

const pooling = { mode: "mean", normalize: true } as const;
/** Tasks of fine-tuning; the test compares their names with those of the command line. */
export const TASKS: readonly AnyTask[] = [
  anyTask(classifyTask("classify")),
  anyTask(classifyTask("pair")),
  anyTask(multiLabelTask()),
  anyTask(regressTask()),
  anyTask(tagTask),
  anyTask(answerTask),
  anyTask(embedTask(pooling, false)),
];

/** Columns of the table of models. */
const MODEL_TASKS = {
  "feature-extraction": "features",
  "masked-lm": "masked LM",
  "causal-lm": "causal LM",
  "seq2seq-lm": "seq2seq",
  "replaced-token-detection": "replaced tokens",
  "next-sentence-prediction": "next sentence",
  "sequence-classification": "texts",
  "token-classification": "tokens",
  "question-answering": "answers",
} as const satisfies Partial<Record<ModelTask, string>>;

const table = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const code = (text: string): string => `\`${text}\``;

function models(): string {
  const lines = FAMILIES.map(({ type, architectures, vocabulary }) => [
    code(type),
    ...Object.keys(MODEL_TASKS).map((task) => (task in architectures ? "✓" : "")),
    FRESH_FAMILIES.includes(type) || "replaced-token-detection" in architectures ? "✓" : "",
    vocabulary.algorithm,
  ]);
  return table(["`model_type`", ...Object.values(MODEL_TASKS), "from scratch", "vocabulary"], lines);
}

function objectives(): string {
  const lines = Object.entries<AnyPublished>(PUBLISHED_OBJECTIVES).map(
    ([name, { summary, kind, family, aliases = [] }]) => [
      code(name),
      summary,
      code(kind),
      code(family),
      aliases.map(code).join(", "),
    ],
  );
  return table(["`--objective`", "Source", "Trains", "Default family", "Also called"], lines);
}

function tasks(): string {
  const lines = TASKS.map(({ name, modelTask, headline, baselineName }) => [
    code(name),
    code(modelTask),
    code(headline),
    baselineName,
  ]);
  return table(["`--task`", "Model", "Compared by", "Baseline"], lines);
}

/** The types that a part of tokenizer.json may have, as its reader tells them apart. */
function stepTypes(part: string): string {
  const source = readFileSync(join(root, "sdk/tokenizer", part, "read.ts"), "utf8");
  return [...new Set(Array.from(source.matchAll(/^ {4}case "(\w+)":/gm), ([, type]) => code(type!)))].join(", ");
}

function tokenizers(): string {
  const parts = { normalizers: "normalizer", "pre-tokenizers": "pre_tokenizer", models: "model", "post-processors": "post_processor", decoders: "decoder" }; // biome-ignore format: one line
  return table(
    ["Key", "Types"],
    Object.entries(parts).map(([room, key]) => [code(key), stepTypes(room)]),
  );
}

export const supportPage = (): string => `---
description: Every architecture, objective, task and file format that Cloze supports, from its code.
---

# Models and tasks

This page is made from the tables of the code (\`npm run docs:support\`), and a test fails when they differ. What is not
listed is refused with an error that names it.

## Models

The first column is \`model_type\` in a folder's \`config.json\`. *Texts*, *tokens* and *answers* are classification of texts
and tokens, and extractive question answering. *From scratch* says whether a new model of the family can be trained.

${models()}

## Pre-training objectives

A masked LM may be joined with a task on pairs: \`masked-lm+next-sentence-prediction\`.

${objectives()}

## Fine-tuning

${tasks()}

\`embed\` with scored pairs is compared by \`spearman\`.

## Weights

Read from safetensors, in one file or several: ${Object.keys(TO_F32).map(code).join(", ")}. Kept in memory and written as \`f32\`,
\`f16\`, \`q8\` or \`q4\` (option \`dtype\`). Adapters are files of PEFT.

## Tokenizers

Files: \`tokenizer.json\`; \`vocab.txt\`; \`vocab.json\` with \`merges.txt\`; SentencePiece models; Marian's \`source.spm\` with
\`vocab.json\`. Steps of \`tokenizer.json\`:

${tokenizers()}
`;
