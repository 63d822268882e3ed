/**
 * Texts in the order in which they answer a query: a cross-encoder reads query and text together. Nogueira & Cho 2019
 * (arXiv:1901.04085); the scores are those of sentence-transformers' CrossEncoder.
 */

import { shown } from "../errors.js";
import { inferInSteps } from "../heads/infer.js";
import { encodeText } from "../heads/pooled.js";
import { sigmoid } from "../heads/probabilities.js";
import { fieldsOf as jsonFields, ModelFileError } from "../io/files/files.js";
import type { ModelFolder } from "../io/files/model-folder.js";
import { type ModelSource, openSource } from "../io/files/model-source.js";
import { readModules } from "../io/sentence-transformers/modules.js";
import { promptsOf, promptText } from "../io/sentence-transformers/sentence.js";
import type { Section } from "../models/family/config.js";
import { ArgumentError, aNull, either, type Rules, wholeNumber } from "../options.js";
import { eachInSteps } from "../tensor/steps.js";
import type { TurnOptions } from "../tensor/turns.js";
import { fieldsOf, textOf, textsOf } from "./options.js";
import { type Awaitable, type CallOptions, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** Options of {@link textRanking}, when it is opened and when it is called. */
export interface TextRankingOptions extends CallOptions {
  /** number of texts returned; all by default, and for null */
  readonly topK?: number | null;
}

/** A query, and the texts to rank. */
export interface RankingInput {
  readonly query: string;
  readonly texts: readonly string[];
}

/** A ranked text: its index among the inputs, and its score. */
export interface Ranked {
  /** index of the text in the input */
  readonly index: number;
  /** from 0 to 1, or the raw output where the folder's files say so */
  readonly score: number;
}

/** A function of a query and texts. */
export interface TextRanking extends Pipeline<RankingInput, Ranked[], TextRankingOptions> {
  (query: string, texts: readonly string[], options?: TextRankingOptions): Ranked[];
  readonly async: Awaitable<RankingInput, Ranked[], TextRankingOptions> &
    ((query: string, texts: readonly string[], options?: TextRankingOptions & TurnOptions) => Promise<Ranked[]>);
}

const NAME = "textRanking";

const LIBRARY = "config_sentence_transformers.json";

const rules = (): Rules<Omit<TextRankingOptions, keyof CallOptions>> => ({ topK: either(aNull, wholeNumber(1)) });

const TEXTS = "the index of each result is the place of its text";
const ELSEWHERE = { return_documents: TEXTS, returnDocuments: TEXTS, return_text: TEXTS } as const;

/** `(query, texts, options)` beside objects. */
function read(args: readonly unknown[]): readonly [unknown, unknown] {
  const [given, second, third] = args;
  const plain = typeof given === "string";
  if (args.length > (plain ? 3 : 2))
    throw new ArgumentError(`${NAME}: a call has a query, texts and options; got ${args.length} arguments`);
  return plain ? [{ query: given, texts: second }, third] : [given, second];
}

function inputOf(value: unknown, at: string): RankingInput {
  const { query, texts } = fieldsOf(NAME, at, value, ["query", "texts"], { documents: "texts", passages: "texts" });
  return { query: textOf(NAME, `${at}.query`, query), texts: textsOf(NAME, `${at}.texts`, texts) };
}

/**
 * The activation of the model's output: a sigmoid, unless a file names another. sentence-transformers 6 writes it to
 * config_sentence_transformers.json, older versions to two fields of config.json.
 */
function activationOf(library: Section, config: Section): (score: number) => number {
  const newest = library["activation_fn"];
  const newer = jsonFields(config["sentence_transformers"])["activation_fn"];
  const named = newest ?? newer ?? config["sbert_ce_default_activation_function"] ?? "Sigmoid";
  const name = typeof named === "string" ? named.split(".").at(-1) : undefined;
  if (name === "Identity") return (score) => score;
  if (name === "Sigmoid") return sigmoid;
  const file = newest ? LIBRARY : "config.json";
  throw new ModelFileError(`${file}: the activation_fn ${shown(named)} is not supported; expected Sigmoid or Identity`);
}

/**
 * The text prepended to every query. Only folders that sentence-transformers saved as a cross-encoder have one, and only
 * those whose modules are a transformer alone are computed.
 */
async function promptOf(folder: ModelFolder, library: Section): Promise<string> {
  const modules = await readModules(folder);
  if (modules === null || library["model_type"] !== "CrossEncoder") return "";
  const [, second] = modules;
  if (second)
    throw new ModelFileError(
      `modules.json: module ${second.kind} in place 1 is not supported in a cross-encoder; expected a Transformer alone`,
    );
  return promptText(promptsOf(library));
}

/**
 * The texts, best first; of equals the earlier first.
 *
 * @example
 * using rank = await textRanking(folder("ms-marco-MiniLM-L6-v2"));
 * rank("how do bees fly", texts, { topK: 3 }); // [{ index: 2, score: 0.97, … }, …]
 */
export async function textRanking(
  files: ModelSource,
  options: PipelineOptions & TextRankingOptions = {},
): Promise<TextRanking> {
  const folder = openSource(files, NAME, options).readAhead();
  const pipeline = await openPipeline<"sequence-classification", RankingInput, Ranked[], TextRankingOptions>(
    folder,
    options,
    {
      name: NAME,
      task: "sequence-classification",
      rules: rules(),
      elsewhere: ELSEWHERE,
      read,
      input: inputOf,
      async make({ model, tokenizer, labels, config }) {
        if (labels && labels.size !== 1)
          throw new ModelFileError(`this model has ${labels.size} outputs; one that ranks has a single one`);
        const library = await folder.fields(LIBRARY);
        const activation = activationOf(library, config);
        const prompt = await promptOf(folder, library);
        return function* (inputs, { length, topK }) {
          const pairs = inputs.flatMap(({ query, texts }) => texts.map((pair) => ({ text: prompt + query, pair })));
          const samples = yield* eachInSteps(pairs, (pair) => encodeText(tokenizer, pair, length));
          const scores = yield* inferInSteps(model, samples, "rows", (m, hidden, batch) =>
            m.sequenceScores(hidden, batch),
          );
          let next = 0;
          return inputs.map(({ texts }) => {
            const own = scores.slice(next, (next += texts.length));
            // Outputs are compared before the sigmoid, which makes one number of many large ones.
            return own
              .map(([score], index) => ({ index, score: score! }))
              .sort((a, b) => b.score - a.score)
              .slice(0, topK ?? undefined)
              .map(({ index, score }) => ({ index, score: activation(score) }));
          });
        };
      },
    },
  );
  return pipeline as TextRanking;
}
