/**
 * What is fuzzed: every format that a reader of Cloze takes from a stranger, and every public call. A target gives mutants
 * of valid files or arguments, each with a way to read it; a reader either works or throws an error that `judge.ts` accepts.
 */
import type { Target } from "./mutant.js";
import { callTarget } from "./targets/call.js";
import { COMMAND_TARGETS } from "./targets/commands.js";
import { DATA_TARGETS } from "./targets/data.js";
import { FOLDER_TARGETS } from "./targets/folders.js";
import { RUN_TARGETS } from "./targets/runs.js";
import { TOKENIZER_TARGETS } from "./targets/tokenizers.js";

export const TARGETS: Readonly<Record<string, Target>> = {
  ...FOLDER_TARGETS,
  ...TOKENIZER_TARGETS,
  ...DATA_TARGETS,
  ...RUN_TARGETS,
  ...COMMAND_TARGETS,
  // Imported when they are wanted: their models take memory that other targets have no use for.
  "metric-calls": callTarget(async () => (await import("./targets/metric-calls.js")).METRIC_CALLS),
  "objective-calls": callTarget(async () => (await import("./targets/objective-calls.js")).OBJECTIVE_CALLS),
  "tokenizer-calls": callTarget(async () => (await import("./targets/tokenizer-calls.js")).TOKENIZER_CALLS),
  "tensor-calls": callTarget(async () => (await import("./targets/tensor-calls.js")).TENSOR_CALLS),
  "pipeline-calls": callTarget(async () => (await import("./targets/pipeline-calls.js")).PIPELINE_CALLS),
};
