/**
 * What is fuzzed: every format that a reader of Cloze takes from a stranger, and every public call. A target gives mutants
 * of valid files or arguments, each with a way to read it; a reader either works or throws an error that `judge.ts` accepts.
 */
import type { Target } from "./mutant.js";
import { CALL_TARGETS } from "./targets/calls.js";
import { DATA_TARGETS } from "./targets/data.js";
import { FOLDER_TARGETS } from "./targets/folders.js";
import { RUN_TARGETS } from "./targets/runs.js";
import { TOKENIZER_TARGETS } from "./targets/tokenizers.js";

export const TARGETS: Readonly<Record<string, Target>> = {
  ...FOLDER_TARGETS,
  ...TOKENIZER_TARGETS,
  ...DATA_TARGETS,
  ...RUN_TARGETS,
  ...CALL_TARGETS,
};
