/**
 * Cloze behind the interface of a harness that compares libraries. The harness owns loops, clocks and the comparison
 * with PyTorch; this file only translates between the two, through the public exports.
 *
 * `CLOZE_BUILD` is `strict` (the default) or `relaxed`. A dtype or a number of threads that the package does not know
 * throws.
 */
import { readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const build = process.env.CLOZE_BUILD ?? "strict";
/** The harness's names of element types, and the package's. */
const DTYPES = { fp32: "f32", fp16: "f16", int8: "q8", q4: "q4" };

export const name = "project";
export const version = () => JSON.parse(readFileSync(new URL("package.json", root), "utf8")).version;
/** Milliseconds after which every kernel has been compiled by the optimizing tier. */
export const warmupMs = 3500;

const cloze = () => import("cloze");

export async function importOnly() {
  await cloze();
}

async function engineWith(threads = 1) {
  const { Engine } = await cloze();
  return Engine.create(threads > 1 ? { build, threads } : { build });
}

async function openModel(modelDir, dtype, threads, task) {
  const [{ loadModel }, { folder }] = await Promise.all([cloze(), import("cloze/node")]);
  if (!(dtype in DTYPES)) throw new Error(`dtype is one of ${Object.keys(DTYPES).join(", ")}, not ${dtype}`);
  const engine = await engineWith(threads);
  return {
    engine,
    ...(await loadModel(engine, folder(modelDir), { task, ...(dtype !== "fp32" && { dtype: DTYPES[dtype] }) })),
  };
}

/** A sequence without segments, words or labels. */
function sampleOf(ids, labels = {}) {
  const { length } = ids;
  return {
    ids,
    segments: new Uint8Array(length),
    special: new Uint8Array(length),
    words: new Int32Array(length),
    labels,
  };
}

/** The last hidden states of padded rows: [B, S, H], zeros at masked places. */
export async function load({ modelDir, dtype = "fp32", threads = 1 }) {
  const { hiddenStates } = await import("cloze/tensor");
  const { model } = await openModel(modelDir, dtype, threads, "feature-extraction");
  return {
    run({ B, S, ids, mask }) {
      const kept = Array.from({ length: B }, (_, row) =>
        Array.from({ length: S }, (_, at) => at).filter((at) => mask[row * S + at] !== 0),
      );
      const states = hiddenStates(
        model,
        kept.map((places, row) => sampleOf(Int32Array.from(places, (at) => ids[row * S + at]))),
      );
      return { data: padded(states, kept, S) };
    },
  };
}

/** Rows of hidden states at their places among `length` per row. */
function padded(states, places, length) {
  const width = states[0].length / places[0].length;
  const data = new Float32Array(states.length * length * width);
  for (const [row, hidden] of states.entries())
    for (const [i, at] of places[row].entries())
      data.set(hidden.subarray(i * width, (i + 1) * width), (row * length + at) * width);
  return data;
}

export async function prepareTokenizer() {
  await import("cloze/tokenizer");
}

export async function loadTokenizer({ file }) {
  const { readTokenizerJson } = await import("cloze/tokenizer");
  const tokenizer = readTokenizerJson(readFileSync(file));
  const encode = (text) => ({ ids: tokenizer.encode(text).ids });
  return { sync: true, encode, encodeBatch: (texts) => texts.map(encode) };
}

/** config.json of a BERT or a GPT-2 of these sizes. */
function configOf({ kind, layers, width, heads, vocab, positions, dropout }) {
  if (kind === "mlm")
    return {
      model_type: "bert",
      vocab_size: vocab,
      hidden_size: width,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      intermediate_size: 4 * width,
      max_position_embeddings: positions,
      hidden_dropout_prob: dropout,
      attention_probs_dropout_prob: dropout,
    };
  if (kind === "gpt")
    return {
      model_type: "gpt2",
      vocab_size: vocab,
      n_embd: width,
      n_layer: layers,
      n_head: heads,
      n_positions: positions,
      embd_pdrop: dropout,
      resid_pdrop: dropout,
      attn_pdrop: dropout,
    };
  throw new Error(`kind is "mlm" or "gpt", not ${kind}`);
}

/**
 * Training steps of a model with random weights: forward, backward, clipping, AdamW. `head` is "all" for logits at every
 * position, as Hugging Face's models compute them, and "masked" for logits at the scored positions only.
 */
export async function train(settings) {
  const { batch: rows, seq, head = "masked", lr, betas: [beta1, beta2] = [0.9, 0.999], weightDecay = 0.01 } = settings;
  const { clip = 1, seed = 1, threads = 1, kind } = settings;
  const [{ freshModel, adamW }, tensors, { collate }] = await Promise.all([
    cloze(),
    import("cloze/tensor"),
    import("cloze/data"),
  ]);
  const { backward, clipScale, crossEntropy, gradientNorm, IGNORE, Scope } = tensors;
  const engine = await engineWith(threads);
  const loaded = freshModel(
    engine,
    configOf({ dropout: 0, ...settings }),
    kind === "gpt" ? "causal-lm" : "masked-lm",
    seed,
  );
  const { model, weights } = loaded;
  const optimizer = adamW(weights, { beta1, beta2, weightDecay });
  const everywhere = Int32Array.from({ length: rows * seq }, (_, at) => at);
  let steps = 0;
  return {
    step({ ids, labels }) {
      const scored = head === "all" ? everywhere : everywhere.filter((at) => labels[at] !== IGNORE);
      const targets = Int32Array.from(scored, (at) => labels[at]);
      const batch = collate(
        Array.from({ length: rows }, (_, row) => sampleOf(Int32Array.from(ids.subarray(row * seq, (row + 1) * seq)))),
      );
      // Not `using`: Node 20 reads this file as it is.
      const scope = new Scope();
      try {
        let value = Number.NaN;
        backward(
          () => {
            const loss = crossEntropy(model.tokenScores(model.encode(batch), scored), targets);
            value = loss.item();
            return loss;
          },
          { seed, step: steps++ },
        );
        optimizer.step(lr, clipScale(gradientNorm(optimizer), clip));
        return value;
      } finally {
        scope[Symbol.dispose]();
      }
    },
    dispose() {
      optimizer[Symbol.dispose]();
      loaded[Symbol.dispose]();
    },
  };
}

/** Greedy generation with a cache of keys and values; it does not stop at the end token. */
export async function generator({ modelDir, dtype = "fp32", threads = 1 }) {
  const { generateText } = await import("cloze/generate");
  const { engine, model } = await openModel(modelDir, dtype, threads, "causal-lm");
  return {
    generate({ ids, newTokens }) {
      const [written] = generateText({ engine, model }, [Int32Array.from(ids)], {
        max_new_tokens: newTokens,
        eos_token_id: [],
      });
      return Int32Array.from(written);
    },
  };
}
