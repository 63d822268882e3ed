/** One reference case: a model's results compared with PyTorch's for the same weights and inputs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Batch, collate } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { generate } from "../../sdk/generate/generate.js";
import { type GenerationSettings, generationSettings } from "../../sdk/generate/settings.js";
import { causalWriter, seq2seqWriter } from "../../sdk/generate/writer.js";
import { classification, multiLabelClassification, regression } from "../../sdk/heads/pooled.js";
import { spanObjective } from "../../sdk/heads/span.js";
import { tagging } from "../../sdk/heads/tagging.js";
import { loadModel, type Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import { readSafetensors, type Safetensors } from "../../sdk/io/safetensors/safetensors.js";
import type { Model } from "../../sdk/models/family/build.js";
import type { Section } from "../../sdk/models/family/config.js";
import { causalLm } from "../../sdk/objectives/causal-lm.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { nextSentencePrediction } from "../../sdk/objectives/next-sentence-prediction.js";
import { combine, type Objective, single } from "../../sdk/objectives/objective.js";
import { replacedTokenDetection } from "../../sdk/objectives/replaced-token-detection.js";
import { sequenceToSequence } from "../../sdk/objectives/sequence-to-sequence.js";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward, gradOf } from "../../sdk/tensor/tape.js";
import type { Tensor } from "../../sdk/tensor/tensor.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { clipScale, gradientNorm } from "../../sdk/train/optim/optimizer.js";
import { diskFolder } from "./folder.js";
import { type Rows, rowsOf, samplesOf, withInputs } from "./golden-samples.js";
import { type Bound, share } from "./near.js";

/** Bounds of the reference's README: absolute plus relative. */
const FORWARD: Bound = { atol: 2e-5, rtol: 2e-5 };
const GRADIENT: Bound = { atol: 1e-5, rtol: 1e-4 };
const LOSSES: Bound = { rtol: 1e-3 };
const AFTER: Bound = { atol: 2e-3, rtol: 0 };
/** The first step divides by the square root of tiny second moments: only elements with a gradient can be compared. */
const LEAST_GRADIENT = 1e-6;

/** The largest error of each kind as a share of its bound. */
export type Shares = Record<"hidden" | "attentions" | "scores" | "loss" | "gradients" | "losses" | "after", number>;

export interface Comparison {
  readonly shares: Shares;
  /** whether generated ids are equal; null where the reference generated none */
  readonly generated: boolean | null;
}

/** The objective that the reference's own class has. */
function objectiveOf(
  { task, model, labels }: Pretrained,
  given: Batch["labels"],
): { model: never; objective: Objective<never> } {
  const mask = maskedLm({ tokenizer: { size: 1, special: { mask: 0 } } });
  const objectives = {
    pretraining: () => combine(mask, nextSentencePrediction()),
    "masked-lm": () => single(mask),
    "next-sentence-prediction": () => single(nextSentencePrediction()),
    "sequence-classification": () =>
      single(given.classes ? multiLabelClassification() : given.value ? regression() : classification()),
    "token-classification": () => single(tagging()),
    "question-answering": () => single(spanObjective()),
    "replaced-token-detection": () => single(replacedTokenDetection()),
    "causal-lm": () => single(causalLm()),
    "seq2seq-lm": () => sequenceToSequence("seq2seq-lm", (sample) => sample),
    "feature-extraction": () => {
      throw new TypeError(`a bare encoder has no loss (${labels?.size ?? 0} labels)`);
    },
  };
  return { model: model as never, objective: objectives[task]() as Objective<never> };
}

/** The reference's names of the scores of a pair. */
function pairOutput(expected: Safetensors): string {
  return expected.shape("output.sop_logits") ? "sop_logits" : "seq_relationship_logits";
}

/** Scores by the reference's output name; token-wise ones at all positions. */
function scoresOf(
  expected: Safetensors,
  { model, task }: Pretrained,
  hidden: Tensor,
  batch: Batch,
): Record<string, Tensor> {
  const all = Int32Array.from(batch.ids, (_, i) => i);
  const m = model as Model<"pretraining"> &
    Model<"sequence-classification"> &
    Model<"token-classification"> &
    Model<"question-answering"> &
    Model<"replaced-token-detection">;
  switch (task) {
    case "pretraining":
      return { prediction_logits: m.tokenScores(hidden, all), [pairOutput(expected)]: m.pairScores(hidden, batch) };
    case "masked-lm":
    case "causal-lm":
      return { logits: m.tokenScores(hidden, all) };
    case "replaced-token-detection":
      return { logits: m.replacedScores(hidden) };
    case "seq2seq-lm":
      throw new TypeError("a decoder's scores are compared with its states");
    case "next-sentence-prediction":
      return { logits: m.pairScores(hidden, batch) };
    case "sequence-classification":
      return { logits: m.sequenceScores(hidden, batch) };
    case "token-classification":
      return { logits: m.tokenClassScores(hidden) };
    case "question-answering":
      return { span: m.spanScores(hidden) };
    case "feature-extraction":
      return {};
  }
}

/** The largest share over real tokens of a padded expectation (rows, width, n) and ragged values (tokens, n). */
function tokenShare(
  got: Float32Array,
  want: Float32Array,
  { width, lengths }: Omit<Rows, "count">,
  starts: Int32Array,
): number {
  const n = want.length / (width * lengths.length);
  let worst = 0;
  for (const [row, length] of lengths.entries()) {
    const from = row * width * n;
    worst = Math.max(
      worst,
      share(
        got.subarray(starts[row]! * n, (starts[row]! + length) * n),
        want.subarray(from, from + length * n),
        FORWARD,
      ).share,
    );
  }
  return worst;
}

/** Attention probabilities: ragged by row and head against (rows, heads, longest queries, longest keys). */
function attentionShare(
  got: Float32Array,
  want: Float32Array,
  shape: readonly number[],
  queries: readonly number[],
  keys: readonly number[],
): number {
  const [, heads = 0, longestQuery = 0, longestKey = 0] = shape;
  let worst = 0;
  let at = 0;
  for (const [row, length] of queries.entries()) {
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < length; query++) {
        const from = ((row * heads + head) * longestQuery + query) * longestKey;
        const seen = keys[row]!;
        worst = Math.max(worst, share(got.subarray(at, at + seen), want.subarray(from, from + seen), FORWARD).share);
        at += seen;
      }
    }
  }
  return worst;
}

/** Intermediate results of one side of a model. */
interface SideStates {
  readonly trace: { readonly hidden: Tensor[]; readonly attentions: Tensor[] };
  readonly lengths: readonly number[];
  readonly starts: Int32Array;
}

/** Hidden states and attentions of one side; `prefix` is the prefix of the reference's names. */
function compareStates(expected: Safetensors, prefix: string, side: SideStates, shares: Shares): void {
  const { trace, lengths, starts } = side;
  for (const [kind, got] of [
    ["hidden_states", trace.hidden],
    ["attentions", trace.attentions],
  ] as const) {
    const wanted = [...expected.names()].filter((name) => name.startsWith(`output.${prefix}${kind}.`)).length;
    if (got.length !== wanted) throw new Error(`${prefix}${kind}: ${got.length} computed, ${wanted} expected`);
  }
  for (const [layer, state] of trace.hidden.entries()) {
    const name = `output.${prefix}hidden_states.${layer}`;
    const rows = { width: expected.shape(name)![1]!, lengths };
    shares.hidden = Math.max(shares.hidden, tokenShare(state.data, expected.floats(name), rows, starts));
  }
  for (const [layer, probabilities] of trace.attentions.entries()) {
    const name = `output.${prefix}attentions.${layer}`;
    const one = attentionShare(probabilities.data, expected.floats(name), expected.shape(name)!, lengths, lengths);
    shares.attentions = Math.max(shares.attentions, one);
  }
}

/** An encoder-decoder: both sides, the states passed between them, and the scores of the target. */
function compareSeq2Seq(loaded: Pretrained, expected: Safetensors, batch: Batch, shares: Shares): void {
  using _ = new Scope();
  const model = loaded.model as Model<"seq2seq-lm">;
  const { lengths } = rowsOf(expected);
  const target = batch.target!;
  const written = Array.from({ length: target.rows }, (__, row) => target.starts[row + 1]! - target.starts[row]!);
  const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
  const hidden = model.encode(batch, trace);
  compareStates(expected, "encoder_", { trace, lengths, starts: batch.starts }, shares);
  const own = { hidden: [] as Tensor[], attentions: [] as Tensor[], crossAttentions: [] as Tensor[] };
  const states = model.decode(target, { hidden, starts: batch.starts }, own);
  compareStates(expected, "decoder_", { trace: own, lengths: written, starts: target.starts }, shares);
  for (const [layer, probabilities] of own.crossAttentions.entries()) {
    const name = `output.cross_attentions.${layer}`;
    const one = attentionShare(probabilities.data, expected.floats(name), expected.shape(name)!, written, lengths);
    shares.attentions = Math.max(shares.attentions, one);
  }
  const scores = model.tokenScores(
    states,
    Int32Array.from(target.ids, (__, i) => i),
  );
  const rows = { width: expected.shape("output.logits")![1]!, lengths: written };
  shares.scores = tokenShare(scores.data, expected.floats("output.logits"), rows, target.starts);
}

function compareForward(loaded: Pretrained, expected: Safetensors, batch: Batch, shares: Shares): void {
  using _ = new Scope();
  const rows = rowsOf(expected);
  const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
  const hidden = loaded.model.encode(batch, trace);
  // Of an encoder-decoder that classifies, the decoder's states are within the head: its scores say how they are.
  const side = expected.shape("output.encoder_hidden_states.0") ? "encoder_" : "";
  compareStates(expected, side, { trace, lengths: rows.lengths, starts: batch.starts }, shares);
  const scores = scoresOf(expected, loaded, hidden, batch);
  for (const [name, tensor] of Object.entries(scores)) {
    const got = tensor.data;
    if (name === "span") {
      for (const [column, output] of ["start_logits", "end_logits"].entries()) {
        const one = Float32Array.from({ length: got.length / 2 }, (_v, i) => got[2 * i + column]!);
        shares.scores = Math.max(
          shares.scores,
          tokenShare(one, expected.floats(`output.${output}`), rows, batch.starts),
        );
      }
      continue;
    }
    const want = expected.floats(`output.${name}`);
    const byRow = tensor.shape[0] === rows.count && expected.shape(`output.${name}`)!.length === 2;
    shares.scores = Math.max(
      shares.scores,
      byRow ? share(got, want, FORWARD).share : tokenShare(got, want, rows, batch.starts),
    );
  }
}

function compareTraining(
  loaded: Pretrained,
  expected: Safetensors,
  losses: readonly number[],
  batch: Batch,
  shares: Shares,
): void {
  const { model, objective } = objectiveOf(loaded, batch.labels);
  using optimizer = adamW(loaded.weights, { weightDecay: 0.01 });
  const counts = objective.counts(batch);
  const first = new Map<string, Float32Array>();
  for (const [step, wanted] of losses.entries()) {
    using _ = new Scope();
    const loss = backward(() => objective.losses(model, batch, counts).reduce(add));
    if (batch.visible) clearPaddingGradient(loaded);
    if (step === 0) {
      shares.loss = share([loss.item()], expected.floats("output.loss"), FORWARD).share;
      for (const [name, parameter] of loaded.weights.entries()) {
        const gradient = gradOf(parameter).toArray();
        first.set(name, gradient);
        if (expected.shape(`grad.${name}`))
          shares.gradients = Math.max(
            shares.gradients,
            share(gradient, expected.floats(`grad.${name}`), GRADIENT).share,
          );
        // A parameter that the reference's loss does not reach has no gradient here either.
        else if (gradient.some((g) => g !== 0)) shares.gradients = Number.POSITIVE_INFINITY;
      }
    }
    shares.losses = Math.max(shares.losses, share([loss.item()], [wanted], LOSSES).share);
    optimizer.step(1e-2, clipScale(gradientNorm(optimizer), 1));
  }
  for (const [name, parameter] of loaded.weights.entries()) {
    if (!expected.shape(`grad.${name}`)) continue;
    const gradient = first.get(name)!;
    const want = expected.floats(`after.${name}`);
    const got = parameter.toArray();
    for (let i = 0; i < want.length; i++) {
      if (Math.abs(gradient[i]!) > LEAST_GRADIENT)
        shares.after = Math.max(shares.after, share([got[i]!], [want[i]!], AFTER).share);
    }
  }
  missingGradients(loaded, expected, shares);
}

/** The reference's embedding of the padding token never learns, nor RoBERTa's of its place: their gradients are dropped. */
function clearPaddingGradient({ weights, config }: Pretrained): void {
  const padding = config["pad_token_id"] as number;
  const still = /word_embeddings\.weight$|roberta.*position_embeddings\.weight$/;
  for (const [name, parameter] of weights.entries()) {
    if (!still.test(name)) continue;
    const width = parameter.shape[1]!;
    gradOf(parameter).data.fill(0, padding * width, (padding + 1) * width);
  }
}

/** Every gradient that the reference has must belong to a parameter here. */
function missingGradients({ weights, family }: Pretrained, expected: Safetensors, shares: Shares): void {
  const known = new Set([...weights.entries()].map(([name]) => name));
  for (const name of expected.names()) {
    if (!name.startsWith("grad.")) continue;
    const canonical = family.canonicalName(name.slice(5));
    if (canonical !== null && !known.has(canonical)) shares.gradients = Number.POSITIVE_INFINITY;
  }
}

/**
 * The batch that the reference's loss runs over. Its question-answering loss takes the softmax over padded positions too,
 * so they are computed here likewise: present, but masked for every query.
 */
function paddedBatch(expected: Safetensors, batch: Batch, type: string): Batch {
  const { count, width, lengths } = rowsOf(expected);
  const integers = (name: string) =>
    Int32Array.from(
      expected.shape(`input.${name}`) ? expected.integers(`input.${name}`) : new Array(count * width).fill(0),
    );
  const index = lengths.flatMap((length, row) => Array.from({ length }, (_, i) => row * width + i));
  return {
    ...batch,
    ids: integers("input_ids"),
    segments: integers("token_type_ids"),
    // RoBERTa's padding position precedes the first.
    positions: Int32Array.from({ length: count * width }, (_, i) =>
      type.includes("roberta") && i % width >= lengths[Math.floor(i / width)]! ? -1 : i % width,
    ),
    starts: Int32Array.from({ length: count + 1 }, (_, row) => row * width),
    visible: { index: Int32Array.from(index), starts: batch.starts },
  };
}

/** The reference's options, from the name of a result: "beam 3, no_repeat_ngram_size 2, early_stopping, …". */
function settingsNamed(name: string, own: GenerationSettings): GenerationSettings {
  const said: Record<string, unknown> = {};
  for (const part of name.split(", ")) {
    const [what = "", value] = part.split(" ");
    if (what === "greedy") said["num_beams"] = 1;
    else if (what === "beam") said["num_beams"] = Number(value);
    else said[what] = value === undefined ? true : Number(value);
  }
  const unknown = Object.keys(said).find((field) => !Object.hasOwn(own, field));
  if (unknown !== undefined) throw new TypeError(`expected.json: "${name}" says ${unknown}, which is not a setting`);
  return { ...own, ...said };
}

/** Whether every generated text has the reference's ids. */
function sameTexts(loaded: Pretrained, path: string, generated: Record<string, number[]>): boolean {
  const file = join(path, "generation_config.json");
  const generation = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Section) : undefined;
  const own = generationSettings(generation, loaded.config);
  const { prompt, ...wanted } = generated;
  const ids = Int32Array.from(prompt!);
  const none = new Uint8Array(ids.length);
  const source = collate([{ ids, segments: none, special: none, words: ids, labels: {} }]);
  return Object.entries(wanted).every(([name, want]) => {
    using writer =
      loaded.task === "seq2seq-lm"
        ? seq2seqWriter(loaded, loaded.model as Model<"seq2seq-lm">, source, [
            Int32Array.of(own.decoder_start_token_id!),
          ])
        : causalWriter(loaded, loaded.model as Model<"causal-lm">, [ids]);
    const [got] = generate(writer, settingsNamed(name, own));
    return got!.length === want.length && got!.every((id, i) => id === want[i]);
  });
}

/** Compute a case and compare everything that the reference has. */
export async function compareCase(engine: Engine, path: string): Promise<Comparison> {
  const shares: Shares = { hidden: 0, attentions: 0, scores: 0, loss: 0, gradients: 0, losses: 0, after: 0 };
  const expected = readSafetensors(readFileSync(join(path, "expected.safetensors")));
  const { losses, generate: texts } = JSON.parse(readFileSync(join(path, "expected.json"), "utf8")) as {
    losses: number[];
    generate?: Record<string, number[]>;
  };
  using loaded = await loadModel(engine, diskFolder(path));
  const samples = samplesOf(expected, loaded.task);
  const writes = loaded.task === "seq2seq-lm";
  const batch = collate(writes ? withInputs(samples, loaded.model as Model<"seq2seq-lm">) : samples);
  (writes ? compareSeq2Seq : compareForward)(loaded, expected, batch, shares);
  // Training changes the weights: texts are written before it.
  const generated = texts ? sameTexts(loaded, path, texts) : null;
  const trained = loaded.task === "question-answering" ? paddedBatch(expected, batch, loaded.family.type) : batch;
  compareTraining(loaded, expected, losses, trained, shares);
  return { shares, generated };
}
