/**
 * Generation: greedy search with random weights, whole texts and single tokens behind short and long ones.
 *
 * A decoder with one row reads every weight once a token, so its share is of the bandwidth of a loop that only reads.
 */
import { collate } from "../sdk/data/sample.js";
import { Engine } from "../sdk/engine/engine.js";
import type { Build } from "../sdk/engine/source.js";
import { greedy } from "../sdk/generate/decode.js";
import {
  type CausalModel,
  causalWriter,
  type Seq2SeqModel,
  seq2seqWriter,
  type Writer,
} from "../sdk/generate/writer.js";
import { gpt2 } from "../sdk/models/decoders/gpt2.js";
import { bart, marian } from "../sdk/models/encoder-decoders/bart.js";
import { Weights } from "../sdk/nn/weights.js";
import { randomIds } from "./bert.js";
import type { Subject } from "./measure.js";
import { sequence } from "./model.js";

const PROMPT = 32;
const NEW_TOKENS = 128;
/** Lengths of the texts behind which single tokens are written. */
const LENGTHS = [16, 900];

/** A model, and the bytes of the weights that a token reads. */
interface Reader<M> {
  readonly name: string;
  readonly engine: Engine;
  readonly model: M;
  readonly vocabulary: number;
  readonly bytes: number;
}

/** Bytes of the parameters that `isRead` once for each token. */
function bytesOf(weights: Weights, isRead: (name: string) => boolean): number {
  let sum = 0;
  for (const [name, parameter] of weights.entries()) if (isRead(name)) sum += 4 * parameter.size;
  return sum;
}

async function gpt2Small(build: Build): Promise<Reader<CausalModel>> {
  const engine = await Engine.create({ build });
  const config = gpt2.read({});
  const weights = new Weights(engine, { seed: 1 });
  const model = { ...gpt2.encoder(weights, config), ...gpt2.heads["causal-lm"]!(weights, config, 0) };
  const bytes = bytesOf(weights, (name) => name !== "transformer.wpe.weight");
  return { name: "GPT-2 small", engine, model, vocabulary: config.vocab_size, bytes };
}

/** The published sizes of bart-base and of the OPUS-MT models. */
const SOURCE_AND_TARGET = [
  ["BART-base", bart, { vocab_size: 50265, d_model: 768, layers: 6, heads: 12, inner: 3072 }],
  ["Marian", marian, { vocab_size: 58101, d_model: 512, layers: 6, heads: 8, inner: 2048 }],
] as const;

async function encoderDecoder(
  build: Build,
  [name, family, { layers, heads, inner, ...sizes }]: (typeof SOURCE_AND_TARGET)[number],
): Promise<Reader<Seq2SeqModel>> {
  const engine = await Engine.create({ build });
  const stack = (side: string) => ({
    [`${side}_layers`]: layers,
    [`${side}_attention_heads`]: heads,
    [`${side}_ffn_dim`]: inner,
  });
  const config = family.read({ ...sizes, ...stack("encoder"), ...stack("decoder"), decoder_start_token_id: 2 });
  const weights = new Weights(engine, { seed: 1 });
  const model = { ...family.encoder(weights, config), ...family.heads["seq2seq-lm"]!(weights, config, 0) };
  // Keys and values of the source are projected once.
  const isRead = (of: string) =>
    of === "model.shared.weight" || (/\.decoder\./.test(of) && !/embed_positions|encoder_attn\.[kv]_proj/.test(of));
  return { name, engine, model, vocabulary: config.vocab_size, bytes: bytesOf(weights, isRead) };
}

/** Greedy search to the end: no token of the vocabulary ends a text. */
function write(writer: Writer): void {
  for (const _ of greedy(writer, { maxNewTokens: NEW_TOKENS, eosIds: [] }));
}

function wholeText({ name, bytes }: Reader<unknown>, open: () => Writer): Subject {
  return {
    name: `${name}, prompt ${PROMPT}, ${NEW_TOKENS} new tokens`,
    model: name,
    batch: 1,
    tokens: NEW_TOKENS,
    bytes: NEW_TOKENS * bytes,
    run() {
      using writer = open();
      write(writer);
    },
  };
}

/** The token after `length` others. Every run writes another, so the text grows by some dozens while it is measured. */
function oneToken({ name, engine, model, vocabulary, bytes }: Reader<CausalModel>, length: number): Subject {
  let writer: Writer | null = null;
  return {
    name: `${name}, one token after ${length}`,
    model: name,
    batch: 1,
    tokens: 1,
    bytes,
    run() {
      if (!writer) {
        writer = causalWriter({ engine }, model, [randomIds(length, vocabulary)]);
        writer.begin();
      }
      writer.next(Int32Array.of(0), Int32Array.of(7));
    },
  };
}

export async function generationSubjects(build: Build): Promise<Subject[]> {
  const gpt = await gpt2Small(build);
  const prompt = randomIds(PROMPT, gpt.vocabulary);
  const pairs = await Promise.all(SOURCE_AND_TARGET.map((of) => encoderDecoder(build, of)));
  return [
    wholeText(gpt, () => causalWriter(gpt, gpt.model, [prompt])),
    ...LENGTHS.map((length) => oneToken(gpt, length)),
    {
      name: `${gpt.name}, first token after ${PROMPT}`,
      model: gpt.name,
      batch: 1,
      tokens: PROMPT,
      run() {
        using writer = causalWriter(gpt, gpt.model, [prompt]);
        writer.begin();
      },
    },
    ...pairs.map((pair) =>
      wholeText(pair, () => {
        const source = collate([sequence(randomIds(PROMPT, pair.vocabulary))]);
        return seq2seqWriter(pair, pair.model, source, [Int32Array.of(2)]);
      }),
    ),
  ];
}
