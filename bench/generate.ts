/**
 * Generation: greedy search with random weights, whole texts, and single tokens after short and long ones.
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
import { compactBytes, type WeightDtype } from "../sdk/tensor/compact-panels.js";
import type { CacheDtype } from "../sdk/tensor/key-blocks.js";
import { Matrix, type Parameter } from "../sdk/tensor/matrix.js";
import { randomIds } from "./bert.js";
import type { Subject } from "./measure.js";
import { sequence } from "./model.js";

const PROMPT = 32;
const NEW_TOKENS = 128;
/** Lengths of the texts after which single tokens are written. */
const LENGTHS = [16, 900];

/** A model, and the bytes of the weights that a token reads. */
interface Reader<M> {
  readonly name: string;
  readonly dtype: WeightDtype;
  readonly engine: Engine;
  readonly model: M;
  readonly vocabulary: number;
  readonly bytes: number;
}

/** Bytes of the parameters that `isRead` once for each token. */
function bytesOf(weights: Weights, isRead: (name: string) => boolean): number {
  let sum = 0;
  for (const [name, parameter] of weights.entries()) if (isRead(name)) sum += bytesIn(weights.engine, parameter);
  return sum;
}

function bytesIn(engine: Engine, parameter: Parameter): number {
  if (!(parameter instanceof Matrix) || parameter.dtype === "f32") return 4 * parameter.size;
  const { dtype, inner, out } = parameter;
  return compactBytes(engine, dtype, { inner, columns: out, transposed: false });
}

async function gpt2Small(build: Build, dtype: WeightDtype): Promise<Reader<CausalModel>> {
  const engine = await Engine.create({ build });
  const config = gpt2.read({});
  const weights = new Weights(engine, { seed: 1, dtype });
  const model = { ...gpt2.encoder(weights, config), ...gpt2.heads["causal-lm"]!(weights, config, 0) };
  const bytes = bytesOf(weights, (name) => name !== "transformer.wpe.weight");
  const name = dtype === "f32" ? "GPT-2 small" : `GPT-2 small, ${dtype}`;
  return { name, dtype, engine, model, vocabulary: config.vocab_size, bytes };
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
  return { name, dtype: "f32", engine, model, vocabulary: config.vocab_size, bytes: bytesOf(weights, isRead) };
}

/** Greedy search to the end: no token of the vocabulary ends a text. */
function write(writer: Writer): void {
  for (const _ of greedy(writer, { maxNewTokens: NEW_TOKENS, eosIds: [] }));
}

function wholeText({ name, dtype, bytes }: Reader<unknown>, open: () => Writer): Subject {
  return {
    dtype,
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
function oneToken(reader: Reader<CausalModel>, length: number, cacheDtype: CacheDtype = "f32"): Subject {
  const { name, dtype, engine, model, vocabulary, bytes } = reader;
  let writer: Writer | null = null;
  return {
    dtype,
    name: `${name}${cacheDtype === "f16" ? ", cache in f16" : ""}, one token after ${length}`,
    model: name,
    batch: 1,
    tokens: 1,
    bytes,
    run() {
      if (!writer) {
        writer = causalWriter({ engine, cacheDtype }, model, [randomIds(length, vocabulary)]);
        writer.begin();
      }
      writer.next(Int32Array.of(0), Int32Array.of(7));
    },
  };
}

/** Whole texts, and the cost of a token early and late. */
function causalSubjects(reader: Reader<CausalModel>): Subject[] {
  const prompt = randomIds(PROMPT, reader.vocabulary);
  return [
    wholeText(reader, () => causalWriter(reader, reader.model, [prompt])),
    ...LENGTHS.map((length) => oneToken(reader, length)),
    ...LENGTHS.map((length) => oneToken(reader, length, "f16")),
    {
      name: `${reader.name}, first token after ${PROMPT}`,
      model: reader.name,
      dtype: reader.dtype,
      batch: 1,
      tokens: PROMPT,
      run() {
        using writer = causalWriter(reader, reader.model, [prompt]);
        writer.begin();
      },
    },
  ];
}

export async function generationSubjects(build: Build): Promise<Subject[]> {
  const causal = await Promise.all((["f32", "q8"] as const).map((dtype) => gpt2Small(build, dtype)));
  const pairs = await Promise.all(SOURCE_AND_TARGET.map((of) => encoderDecoder(build, of)));
  return [
    ...causal.flatMap(causalSubjects),
    ...pairs.map((pair) =>
      wholeText(pair, () => {
        const source = collate([sequence(randomIds(PROMPT, pair.vocabulary))]);
        return seq2seqWriter(pair, pair.model, source, [Int32Array.of(2)]);
      }),
    ),
  ];
}
