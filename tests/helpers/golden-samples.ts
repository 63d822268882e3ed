/** The inputs of a case of reference results, which are padded there, as samples. */
import type { Sample } from "../../sdk/data/sample.js";
import type { Safetensors } from "../../sdk/io/safetensors/safetensors.js";
import type { Model } from "../../sdk/models/family/build.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { nextTokens } from "../../sdk/objectives/causal-lm.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";

export interface Rows {
  readonly count: number;
  readonly width: number;
  readonly lengths: readonly number[];
}

/** Rows of a padded batch: (rows × width) with the real length of each. */
export function rowsOf(expected: Safetensors): Rows {
  const [count = 0, width = 0] = expected.shape("input.input_ids")!;
  const mask = expected.integers("input.attention_mask");
  const lengths = Array.from({ length: count }, (_, row) =>
    mask.slice(row * width, (row + 1) * width).reduce((sum, m) => sum + m, 0),
  );
  return { count, width, lengths };
}

/** A per-token input cut to its real tokens. */
function cut(values: readonly number[], { width, lengths }: Rows, row: number): number[] {
  return values.slice(row * width, row * width + lengths[row]!);
}

export function samplesOf(expected: Safetensors, purpose: ModelTask): Sample[] {
  const rows = rowsOf(expected);
  const ids = expected.integers("input.input_ids");
  const has = (name: string) => expected.shape(`input.${name}`) !== undefined;
  const types = has("token_type_ids") ? expected.integers("input.token_type_ids") : ids.map(() => 0);
  const targets = purpose === "seq2seq-lm" ? targetsOf(expected) : null;
  return rows.lengths.map((length, row) => ({
    ...(targets && { target: targets[row]! }),
    ids: Int32Array.from(cut(ids, rows, row)),
    segments: Uint8Array.from(cut(types, rows, row)),
    special: new Uint8Array(length),
    words: Int32Array.from({ length }, (_, i) => i),
    labels: labelsOf(expected, purpose, rows, row),
  }));
}

/** The target of each row; the decoder's inputs are up to the model. */
function targetsOf(expected: Safetensors): Sample[] {
  const [count = 0, width = 0] = expected.shape("input.labels")!;
  const labels = expected.integers("input.labels");
  return Array.from({ length: count }, (_, row) => {
    const tokens = Int32Array.from(labels.slice(row * width, (row + 1) * width).filter((id) => id !== IGNORE));
    const none = new Uint8Array(tokens.length);
    return { ids: tokens, segments: none, special: none, words: tokens.map((__, i) => i), labels: { tokens } };
  });
}

/** The same samples with the decoder's inputs that the model wants. */
export function withInputs(samples: readonly Sample[], model: Model<"seq2seq-lm">): Sample[] {
  return samples.map((sample) => {
    const target = sample.target!;
    return { ...sample, target: { ...target, ids: model.shifted(target.ids) } };
  });
}

function labelsOf(expected: Safetensors, purpose: ModelTask, rows: Rows, row: number): Sample["labels"] {
  const ints = (name: string) => expected.integers(`input.${name}`);
  const tokens = () => Int32Array.from(cut(ints("labels"), rows, row));
  switch (purpose) {
    case "pretraining": {
      const pair = expected.shape("input.next_sentence_label") ? "next_sentence_label" : "sentence_order_label";
      return { tokens: tokens(), pair: ints(pair)[row]! };
    }
    case "masked-lm":
    case "token-classification":
    case "replaced-token-detection":
      return { tokens: tokens() };
    case "next-sentence-prediction":
      return { pair: ints("labels")[row]! };
    case "question-answering":
      return { span: [ints("start_positions")[row]!, ints("end_positions")[row]!] };
    case "sequence-classification":
      if (expected.shape("input.labels")!.length === 2) {
        const classes = expected.shape("input.labels")![1]!;
        return { classes: Int32Array.from(expected.floats("input.labels").slice(row * classes, (row + 1) * classes)) };
      }
      return expected.dtype("input.labels") === "F32"
        ? { value: expected.floats("input.labels")[row]! }
        : { row: ints("labels")[row]! };
    case "causal-lm":
      return { tokens: nextTokens(tokens()) };
    case "feature-extraction":
    case "seq2seq-lm":
      return {};
  }
}
