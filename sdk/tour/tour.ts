/** All results of a tour, for the terminal and the report. */
import type { FactsSection, Section } from "cloze/report";
import type { WordInContexts } from "./contexts.js";
import type { Corruptions } from "./corruptions.js";
import type { Results } from "./experiment.js";
import type { ComparedTask, Findings, Names } from "./findings.js";
import type { Answered, FilledMask } from "./masks-and-questions.js";
import type { Search } from "./search.js";

/** The trained models in use. */
export interface Exhibits {
  readonly masks: readonly { readonly name: string; readonly filled: readonly FilledMask[] }[];
  readonly question: Answered;
  readonly words: readonly WordInContexts[];
  readonly search: Search;
  readonly corruptions: Corruptions;
  readonly inside: readonly Section[];
}

export interface Tour {
  readonly results: Results;
  readonly tasks: readonly ComparedTask[];
  readonly names: Names;
  readonly findings: Findings;
  readonly exhibits: Exhibits;
  /** command, versions and times of the run */
  readonly facts: FactsSection["facts"];
  /** the table of three seeds, or a sentence if there is none yet */
  readonly seeds: Section;
}
