/** Texts written on from prompts, or from other texts. */

import { collate, sampleOf } from "../data/sample.js";
import { shown } from "../errors.js";
import { generate } from "../generate/generate.js";
import { type GenerationSettings, generationSettings } from "../generate/settings.js";
import { continuing, rewriting } from "../generate/writer.js";
import { type Files, fieldsOf, ModelFileError } from "../io/files.js";
import { type ModelFolder, openFolder } from "../io/model-folder.js";
import { ArgumentError } from "../options.js";
import { type Rng, seed as streamOf } from "../tensor/random.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface GenerationOptions extends PipelineOptions {
  /** instead of what the folder says */
  readonly settings?: Partial<GenerationSettings>;
  /** of what is left to chance; the n-th text of a pipeline has a stream of its own */
  readonly seed?: number;
}

export interface Generated {
  readonly text: string;
}

/** The folder's settings, under those of the caller. */
async function settingsOf(folder: ModelFolder, given: Partial<GenerationSettings> = {}): Promise<GenerationSettings> {
  const generation = await folder.json("generation_config.json");
  const config = await folder.fields("config.json");
  return { ...generationSettings(generation === undefined ? undefined : fieldsOf(generation), config), ...given };
}

/** The n-th text of a pipeline draws from a stream of its own. */
function streams(seed = 1): () => Rng {
  const root = streamOf(seed);
  let texts = 0;
  return () => root.fork(texts++);
}

/**
 * Write on from a prompt with a decoder alone (GPT-2). The text that comes back begins with the prompt.
 *
 * @example
 * using write = await textGeneration(folder("gpt2"), { settings: { max_new_tokens: 20 } });
 * write("The sea was").text;
 */
export async function textGeneration(
  files: Files,
  options: GenerationOptions = {},
): Promise<Pipeline<string, Generated>> {
  const folder = openFolder(files).readAhead();
  const settings = await settingsOf(folder, options.settings);
  const next = streams(options.seed);
  return openPipeline(folder, "causal-lm", options, ({ engine, model, tokenizer, length }) => {
    const write = (prompt: string): Generated => {
      const { ids } = tokenizer.encode(prompt);
      if (ids.length === 0)
        throw new ArgumentError("text-generation: the prompt is empty; there is nothing to go on from");
      // What does not fit is cut at its beginning: the end of a prompt says how it goes on.
      const kept = ids.slice(Math.max(0, ids.length - Math.max(1, length - settings.max_new_tokens)));
      using writer = continuing({ engine }, model, [kept]);
      const [written] = generate(writer, settings, next());
      return { text: prompt + tokenizer.decode(written!.slice(kept.length), { skipSpecial: true }) };
    };
    return (prompts: readonly string[]) => prompts.map(write);
  });
}

export interface RewriteOptions extends GenerationOptions {
  /** put before every text: T5 is told what to do, "translate English to German: " */
  readonly prefix?: string;
  /** the token that names the language to write in: mBART's "de_DE" */
  readonly language?: string;
}

/**
 * Write a text from another with an encoder-decoder (BART, mBART, Marian, T5): summaries, translations, answers.
 *
 * @example
 * using translate = await text2textGeneration(folder("opus-mt-en-de"));
 * translate("The cat sleeps.").text;
 */
export async function text2textGeneration(
  files: Files,
  options: RewriteOptions = {},
): Promise<Pipeline<string, Generated>> {
  const folder = openFolder(files).readAhead();
  const given = await settingsOf(folder, options.settings);
  const next = streams(options.seed);
  return openPipeline(folder, "seq2seq-lm", options, ({ engine, model, tokenizer, length, family }) => {
    const settings =
      options.language === undefined ? given : inLanguage(given, family.type, tokenizer, options.language);
    const start = settings.decoder_start_token_id;
    if (start === null)
      throw new ModelFileError(
        "neither generation_config.json nor config.json has decoder_start_token_id: what does the decoder begin with?",
      );
    const write = (text: string): Generated => {
      const encoding = tokenizer.encode((options.prefix ?? "") + text, undefined, { truncate: { length } });
      using writer = rewriting({ engine }, model, collate([sampleOf(encoding)]), [Int32Array.of(start)]);
      const [written] = generate(writer, settings, next());
      return { text: tokenizer.decode(written!.slice(1), { skipSpecial: true }).trim() };
    };
    return (texts: readonly string[]) => texts.map(write);
  });
}

/** mBART's first models begin with the language, its later ones write it first. */
function inLanguage(
  settings: GenerationSettings,
  family: string,
  tokenizer: { id(token: string): number | undefined },
  language: string,
): GenerationSettings {
  const id = tokenizer.id(language);
  if (id === undefined) throw new ArgumentError(`the tokenizer has no token ${shown(language)} for a language`);
  const begins = family === "mbart" && settings.forced_bos_token_id === null && settings.decoder_start_token_id !== 2;
  return begins ? { ...settings, decoder_start_token_id: id } : { ...settings, forced_bos_token_id: id };
}
