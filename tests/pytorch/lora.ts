/**
 * Adapters there and back: those of Cloze beside the scores that it computes, for lora.py to load with PEFT; then those
 * that lora.py made, loaded here and compared with PEFT's scores.
 *
 *   node scripts/run.mjs tests/pytorch/lora.ts OUT && python3 tests/pytorch/lora.py OUT && node scripts/run.mjs tests/pytorch/lora.ts OUT read
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { jsonBytes, memoryFiles } from "../../sdk/io/files/files.js";
import { folder } from "../../sdk/io/files/folder.js";
import { writableFolder } from "../../sdk/io/files/write-whole.js";
import { type AdaptOptions, adapt, loadAdapted, saveAdapter } from "../../sdk/io/pretrained/adapter.js";
import { loadModel, type Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { readSafetensors } from "../../sdk/io/safetensors/safetensors.js";
import { writeSafetensors } from "../../sdk/io/safetensors/write-safetensors.js";
import type { Model } from "../../sdk/models/family/build.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { share } from "../helpers/near.js";
import { disturb } from "../helpers/parameters.js";
import { batch, LENGTH, tokenizer } from "../helpers/small-bert.js";

const [out, mode] = process.argv.slice(2);
if (out === undefined) throw new Error("usage: node scripts/run.mjs tests/pytorch/lora.ts OUT [read]");
const engine = await Engine.create();

const WIDTHS = { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 64 };
const common = { vocab_size: tokenizer.size, max_position_embeddings: LENGTH + 2, pad_token_id: 0, ...WIDTHS };
const distilbert = { dim: 32, n_layers: 2, n_heads: 4, hidden_dim: 64, max_position_embeddings: LENGTH };
const gpt2 = {
  n_embd: 32,
  n_layer: 2,
  n_head: 4,
  n_positions: LENGTH,
  pad_token_id: 0,
  bos_token_id: 2,
  eos_token_id: 3,
};
const t5 = {
  d_model: 32,
  d_kv: 8,
  d_ff: 64,
  num_layers: 2,
  num_heads: 4,
  is_encoder_decoder: true,
  decoder_start_token_id: 0,
  pad_token_id: 0,
};

const bart = {
  d_model: 32,
  encoder_layers: 2,
  decoder_layers: 2,
  encoder_attention_heads: 4,
  decoder_attention_heads: 4,
  encoder_ffn_dim: 64,
  decoder_ffn_dim: 64,
  max_position_embeddings: LENGTH,
  is_encoder_decoder: true,
  decoder_start_token_id: 3,
  pad_token_id: 0,
};
const deberta = {
  ...common,
  relative_attention: true,
  position_buckets: 8,
  pos_att_type: ["p2c", "c2p"],
  share_att_key: true,
  norm_rel_ebd: "layer_norm",
  position_biased_input: false,
  type_vocab_size: 0,
  pooler_hidden_size: 32,
};

/** A family, a purpose, and what the adapter is like. */
const CASES: readonly (readonly [type: string, sizes: object, purpose: ModelTask, options: AdaptOptions])[] = [
  ["bert", common, "sequence-classification", { dropout: 0.1 }],
  [
    "bert",
    common,
    "feature-extraction",
    { targets: ["query", "key", "value", "output.dense", "intermediate.dense"], rankStabilized: true },
  ],
  ["bert", common, "token-classification", { targets: /.*layer\.1\..*(query|output\.dense)/ }],
  ["bert", common, "masked-lm", { modulesToSave: ["predictions.transform"] }],
  ["roberta", { ...common, type_vocab_size: 1 }, "sequence-classification", {}],
  [
    "albert",
    { ...common, embedding_size: 16, num_hidden_groups: 1 },
    "question-answering",
    { targets: ["query", "ffn"] },
  ],
  ["electra", { ...common, embedding_size: 16 }, "sequence-classification", {}],
  ["distilbert", distilbert, "sequence-classification", {}],
  ["modernbert", { ...common, local_attention: 8, cls_token_id: 2, sep_token_id: 3 }, "token-classification", {}],
  ["gpt2", gpt2, "causal-lm", { targets: ["c_attn", "c_proj"] }],
  ["t5", t5, "seq2seq-lm", {}],
  ["bart", bart, "seq2seq-lm", { targets: ["q_proj", "v_proj", "fc1"] }],
  ["mbart", { ...bart, scale_embedding: true }, "seq2seq-lm", {}],
  ["mpnet", common, "token-classification", {}],
  ["deberta-v2", deberta, "sequence-classification", { targets: ["query_proj", "key_proj", "output.dense"] }],
  ["xlm-roberta", { ...common, type_vocab_size: 1 }, "question-answering", {}],
];

function scoresOf({ task, model }: Pretrained): Float32Array {
  using _ = new Scope();
  const b = batch();
  const m = model as Model<"sequence-classification"> &
    Model<"token-classification"> &
    Model<"question-answering"> &
    Model<"seq2seq-lm">;
  const hidden = m.encode(b);
  if (task === "sequence-classification") return m.sequenceScores(hidden, b).toArray();
  if (task === "token-classification") return m.tokenClassScores(hidden).toArray();
  if (task === "question-answering") return m.spanScores(hidden).toArray();
  if (task === "feature-extraction") return hidden.toArray();
  const everywhere = Int32Array.from(b.ids, (_id, i) => i);
  if (task !== "seq2seq-lm") return m.tokenScores(hidden, everywhere).toArray();
  const ids = b.ids.slice();
  for (let row = 0; row < b.rows; row++)
    ids.set(m.shifted(b.ids.subarray(b.starts[row]!, b.starts[row + 1]!)), b.starts[row]!);
  return m.tokenScores(m.decode({ ...b, ids }, { hidden, starts: b.starts }), everywhere).toArray();
}

async function write(type: string, sizes: object, purpose: ModelTask, options: AdaptOptions): Promise<object> {
  const name = `${type}-${purpose}`;
  const labels = ["sequence-classification", "token-classification"].includes(purpose)
    ? new LabelSet(["a", "b", "c"])
    : null;
  const config = { model_type: type, vocab_size: tokenizer.size, ...sizes };
  const files = memoryFiles([["config.json", jsonBytes(config)]]);
  using loaded = await loadModel(engine, files, { task: purpose, labels, scratch: true, seed: 7 });
  disturb(loaded.weights, 0.1, 0);
  await saveModel(writableFolder(join(out!, name)), { ...loaded, tokenizer, length: LENGTH });
  using adapted = adapt(loaded, { r: 4, ...options });
  disturb(adapted.weights, 0.1, 1000);
  await saveAdapter(writableFolder(join(out!, `${name}-adapter`)), adapted, join(out!, name));
  const values = scoresOf(adapted);
  writeFileSync(join(out!, `${name}.scores`), writeSafetensors([{ name: "scores", shape: [values.length], values }]));
  return { name, purpose };
}

/** PEFT's bound on one side is ours on the other: 2e-5 absolute plus 2e-5 relative. */
async function read(name: string): Promise<boolean> {
  using adapted = await loadAdapted(engine, folder(join(out!, name)), folder(join(out!, `${name}-peft`)));
  const want = readSafetensors(readFileSync(join(out!, `${name}-peft.scores`))).floats("scores");
  const got = scoresOf(adapted);
  const plain = share(got, want, { atol: 2e-5, rtol: 2e-5 }).share;
  adapted.lora.merge(adapted.weights);
  const merged = share(scoresOf(adapted), want, { atol: 2e-5, rtol: 2e-5 }).share;
  const ok = got.length === want.length && plain <= 1 && merged <= 1;
  console.log(`${ok ? "ok  " : "FAIL"} ${name}: ${plain.toFixed(3)} of the bound, merged ${merged.toFixed(3)}`);
  return ok;
}

if (mode === "read") {
  const results: boolean[] = [];
  for (const [type, , purpose] of CASES) results.push(await read(`${type}-${purpose}`));
  process.exitCode = results.every(Boolean) ? 0 : 1;
} else {
  const cases: object[] = [];
  for (const [type, sizes, purpose, options] of CASES) cases.push(await write(type, sizes, purpose, options));
  const b = batch();
  const rows = Array.from({ length: b.rows }, (_, row) => [...b.ids.subarray(b.starts[row]!, b.starts[row + 1]!)]);
  writeFileSync(join(out, "cases.json"), JSON.stringify({ cases, rows }));
}
engine.dispose();
