/** Generation by a model's settings: greedy search, sampling or beam search. */

import { ArgumentError } from "../options.js";
import type { Rng } from "../tensor/random.js";
import { atOnce, type Steps } from "../tensor/steps.js";
import { inTurns, type TurnOptions, turns } from "../tensor/turns.js";
import { beamSearchInSteps } from "./beam.js";
import { appendNewest, greedyInSteps, sampledInSteps, tokensOf, type Writing } from "./decode.js";
import { type GenerationSettings, generationSettings, newTokens, rulesOf } from "./settings.js";
import { type CausalModel, causalWriter, type Writer, type WriterOptions } from "./writer.js";

/** The newest ids of every row, at once or in turns: see {@link stream}. */
export interface Stream {
  (writer: Writer, settings: GenerationSettings, rng?: Rng): Generator<Int32Array>;
  async(
    writer: Writer,
    settings: GenerationSettings,
    rng?: Rng,
    options?: Pick<TurnOptions, "signal">,
  ): AsyncGenerator<Int32Array, void, undefined>;
}

/**
 * The newest id of every row as it is chosen. Beam search cannot stream: it knows its result only at the end.
 *
 * @example
 * using writer = causalWriter({ engine }, gpt.model, [ids]);
 * const asked = { ...generationSettings(undefined, {}), max_new_tokens: 4 };
 * for await (const [id] of stream.async(writer, asked)) console.log(id); // other tasks run in between
 */
export const stream: Stream = /* @__PURE__ */ Object.assign(
  (writer: Writer, settings: GenerationSettings, rng?: Rng) => tokensOf(streamInSteps(writer, settings, rng)),
  {
    async: (
      writer: Writer,
      settings: GenerationSettings,
      rng?: Rng,
      { signal }: Pick<TurnOptions, "signal"> = {},
    ): AsyncGenerator<Int32Array, void, undefined> => turns(streamInSteps(writer, settings, rng), [signal]),
  },
);

/** The tokens as they are chosen, in steps. */
export function streamInSteps(writer: Writer, settings: GenerationSettings, rng?: Rng): Writing {
  const options = optionsOf(writer, settings);
  if (!settings.do_sample) return greedyInSteps(writer, options);
  if (!rng) throw new ArgumentError("sampling needs a random generator: give a seed");
  return sampledInSteps(writer, { ...options, rng });
}

/** The ids of each row, at once or in turns: see {@link generate}. */
export interface Generate {
  (writer: Writer, settings: GenerationSettings, rng?: Rng): number[][];
  async(writer: Writer, settings: GenerationSettings, rng?: Rng, options?: TurnOptions): Promise<number[][]>;
}

/**
 * The ids of each row, prompt included. Its awaitable form reports the number of tokens written so far, and the most that
 * there can be.
 *
 * @throws {ArgumentError} for settings that are not supported together
 * @example
 * using writer = causalWriter({ engine }, gpt.model, [ids]);
 * const asked = { ...generationSettings(undefined, {}), max_new_tokens: 4 };
 * const [text] = await generate.async(writer, asked, undefined, { signal: AbortSignal.timeout(5000) });
 */
export const generate: Generate = /* @__PURE__ */ Object.assign(
  (writer: Writer, settings: GenerationSettings, rng?: Rng) => atOnce(generateInSteps(writer, settings, rng)),
  {
    async: async (writer: Writer, settings: GenerationSettings, rng?: Rng, options?: TurnOptions) =>
      inTurns(generateInSteps(writer, settings, rng), options),
  },
);

/** The ids of each row in steps; progress counts tokens, except of beams. */
export function* generateInSteps(writer: Writer, settings: GenerationSettings, rng?: Rng): Steps<number[][]> {
  const { num_beams: beams, length_penalty: lengthPenalty, early_stopping: early } = settings;
  if (beams === 1) return yield* collected(writer, settings, rng);
  if (settings.do_sample)
    throw new ArgumentError(`num_beams ${beams} and do_sample are not supported together; choose one of them`);
  const found = yield* beamSearchInSteps(writer, { ...optionsOf(writer, settings), beams, lengthPenalty, early });
  return found.map(([best]) => Array.from(best!.ids));
}

function* collected(writer: Writer, settings: GenerationSettings, rng?: Rng): Steps<number[][]> {
  const { maxNewTokens: total } = optionsOf(writer, settings);
  const rows = writer.prompts.map((ids) => Array.from(ids));
  let done = 0;
  for (const newest of streamInSteps(writer, settings, rng)) {
    if (newest) appendNewest(rows, newest);
    yield newest && { done: ++done, total };
  }
  return rows;
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
  // What a decoder-only model reads is its prompt.
  const sources = writer.sources?.length ? writer.sources : writer.prompts;
  const { encoder_no_repeat_ngram_size: ngram, encoder_repetition_penalty: penalty } = settings;
  if (sources.length > 1 && (ngram > 0 || penalty !== 1))
    throw new ArgumentError(
      "encoder_no_repeat_ngram_size and encoder_repetition_penalty need a single source: generate them one at a time",
    );
  return {
    maxNewTokens: newTokens(settings, prompt),
    eosIds: settings.eos_token_id,
    rules: rulesOf(settings, prompt, sources[0]),
  };
}

/** Continues prompts, at once or in turns: see {@link generateText}. */
export interface GenerateText {
  (
    model: WriterOptions & { readonly model: CausalModel },
    prompts: readonly Int32Array[],
    settings: Partial<GenerationSettings>,
    rng?: Rng,
  ): number[][];
  async(
    model: WriterOptions & { readonly model: CausalModel },
    prompts: readonly Int32Array[],
    settings: Partial<GenerationSettings>,
    rng?: Rng,
    options?: TurnOptions,
  ): Promise<number[][]>;
}

/**
 * Continue prompts with a decoder-only model, by greedy search unless the settings say otherwise. Blocks its thread until all
 * rows are written; `generateText.async` yields.
 *
 * @returns the ids of each row, prompt included
 * @example
 * generateText({ engine, model }, [ids], { max_new_tokens: 20, do_sample: true, temperature: 0.8 }, seed(1));
 */
export const generateText: GenerateText = /* @__PURE__ */ Object.assign(
  (...args: Parameters<GenerateText>) => atOnce(textInSteps(...args)),
  {
    async: async (...[model, prompts, settings, rng, options]: Parameters<GenerateText["async"]>) =>
      inTurns(textInSteps(model, prompts, settings, rng), options),
  },
);

function* textInSteps(...[{ model, ...options }, prompts, settings, rng]: Parameters<GenerateText>): Steps<number[][]> {
  using writer = causalWriter(options, model, prompts);
  return yield* generateInSteps(writer, { ...generationSettings(undefined, {}), top_k: 0, ...settings }, rng);
}
