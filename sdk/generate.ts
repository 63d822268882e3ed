/** cloze/generate: token by token; greedy search, sampling and beams over any model that writes. */
export { type BeamOptions, beamSearch, type Finished } from "./generate/beam.js";
export { collectRows, type DecodeOptions, greedy, sampled } from "./generate/decode.js";
export {
  type Generate,
  type GenerateText,
  generate,
  generateText,
  type Stream,
  stream,
} from "./generate/generate.js";
export type { Rule } from "./generate/rules.js";
export { type GenerationSettings, generationSettings } from "./generate/settings.js";
export {
  type CausalModel,
  causalWriter,
  type Seq2SeqModel,
  seq2seqWriter,
  type Writer,
  type WriterOptions,
} from "./generate/writer.js";
