/** Generation as a model's settings ask for it: greedy search, sampling or beam search. */

import type { Engine } from "../engine/engine.js";
import { ArgumentError } from "../options.js";
import type { Rng } from "../tensor/random.js";
import { beamSearch } from "./beam.js";
import { collectRows, greedy, sampled } from "./decode.js";
import { type GenerationSettings, generationSettings, newTokens, rulesOf } from "./settings.js";
import { type CausalModel, causalWriter, type Writer } from "./writer.js";

/** The newest id of every row as it is chosen. Beam search cannot stream: it knows its result only at the end. */
export function stream(writer: Writer, settings: GenerationSettings, rng?: Rng): Generator<Int32Array> {
  const options = optionsOf(writer, settings);
  if (!settings.do_sample) return greedy(writer, options);
  if (!rng) throw new ArgumentError("sampling needs a random generator: give a seed");
  return sampled(writer, { ...options, rng });
}

/**
 * The ids of each row, prompt included.
 *
 * @throws {ArgumentError} for settings that are not supported together
 */
export function generate(writer: Writer, settings: GenerationSettings, rng?: Rng): number[][] {
  const { num_beams: beams, length_penalty: lengthPenalty, early_stopping: early } = settings;
  if (beams === 1) return collectRows(writer, stream(writer, settings, rng));
  if (settings.do_sample)
    throw new ArgumentError(`num_beams ${beams} and do_sample are not supported together; choose one of them`);
  const found = beamSearch(writer, { ...optionsOf(writer, settings), beams, lengthPenalty, early });
  return found.map(([best]) => Array.from(best!.ids));
}

function optionsOf(writer: Writer, settings: GenerationSettings) {
  const lengths = new Set(writer.prompts.map((ids) => ids.length));
  const [prompt = 0] = lengths;
  const { forced_eos_token_id: end, exponential_decay_length_penalty: decay } = settings;
  if (lengths.size > 1 && (end !== null || decay !== null || settings.min_new_tokens > 0))
    throw new ArgumentError(
      "forced_eos_token_id, exponential_decay_length_penalty and min_new_tokens need prompts of one length: generate them one at a time",
    );
  const counts = settings.max_new_tokens === null && settings.max_length !== null;
  if (lengths.size > 1 && (counts || settings.begin_suppress_tokens.length > 0))
    throw new ArgumentError(
      "max_length and begin_suppress_tokens need prompts of one length: generate them one at a time",
    );
  const sources = writer.sources ?? [];
  if (sources.length > 1 && settings.encoder_no_repeat_ngram_size > 0)
    throw new ArgumentError("encoder_no_repeat_ngram_size needs a single source: generate them one at a time");
  return {
    maxNewTokens: newTokens(settings, prompt),
    eosIds: settings.eos_token_id,
    rules: rulesOf(settings, prompt, sources[0]),
  };
}

/**
 * Continue prompts with a decoder-only model; default is greedy search. Blocks its thread until all rows are written.
 *
 * @returns the ids of each row, prompt included
 * @example
 * generateText({ engine, model }, [ids], { max_new_tokens: 20, do_sample: true, temperature: 0.8 }, seed(1));
 */
export function generateText(
  { engine, model }: { readonly engine: Engine; readonly model: CausalModel },
  prompts: readonly Int32Array[],
  settings: Partial<GenerationSettings>,
  rng?: Rng,
): number[][] {
  using writer = causalWriter({ engine }, model, prompts);
  return generate(writer, { ...generationSettings(undefined, {}), top_k: 0, ...settings }, rng);
}
