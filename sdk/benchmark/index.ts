/**
 * cloze/benchmark: the same work in every runtime, valid only if it computes the published bits.
 *
 *   import { benchmark } from "cloze/benchmark";
 *   console.log(await benchmark({ onResult: console.log }));
 */
export { type Compared, compareResults, type Results, readResults } from "./compare.js";
export { PUBLISHED, type Published, VERSION } from "./published.js";
export { type BenchmarkOptions, benchmark, type Measured, type Score } from "./run.js";
