/** Writing as a model's settings say: the best token, one by chance, or the best of several whole texts. */

import type { Engine } from "../engine/engine.js";
import { ArgumentError } from "../options.js";
import type { Rng } from "../tensor/random.js";
import { beamSearch } from "./beam.js";
import { collectRows, greedy, sampled } from "./decode.js";
import { type GenerationSettings, generationSettings, rulesOf } from "./settings.js";
import { type Continues, continuing, type Writer } from "./writer.js";

/** The newest id of every row as it is chosen; beams know theirs only at the end. */
export function stream(writer: Writer, settings: GenerationSettings, rng?: Rng): Generator<Int32Array> {
  const options = optionsOf(writer, settings);
  if (!settings.do_sample) return greedy(writer, options);
  if (!rng) throw new ArgumentError("sampling needs a generator: give a seed");
  return sampled(writer, { ...options, rng });
}

/**
 * All of each row's text, prompt included.
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
  if (lengths.size > 1 && (settings.forced_eos_token_id !== null || settings.min_new_tokens > 0))
    throw new ArgumentError("prompts of several lengths with a forced or forbidden end: write them one by one");
  return { most: settings.max_new_tokens, ends: settings.eos_token_id, rules: rulesOf(settings, prompt) };
}

/**
 * Write on from prompts with a decoder alone; settings that are not given are those of greedy search.
 *
 * @returns the ids of each row, prompt included
 * @example
 * generateText({ engine, model }, [ids], { max_new_tokens: 20, do_sample: true, temperature: 0.8 }, seed(1));
 */
export function generateText(
  { engine, model }: { readonly engine: Engine; readonly model: Continues },
  prompts: readonly Int32Array[],
  settings: Partial<GenerationSettings>,
  rng?: Rng,
): number[][] {
  using writer = continuing({ engine }, model, prompts);
  return generate(writer, { ...generationSettings(undefined, {}), top_k: 0, ...settings }, rng);
}
