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
import { smallConfig } from "./small-configs.js";

const [out, mode] = process.argv.slice(2);
if (out === undefined) throw new Error("usage: node scripts/run.mjs tests/pytorch/lora.ts OUT [read]");
const engine = await Engine.create();

/** A family, a task, and options of the adapter. */
const CASES: readonly (readonly [type: string, task: ModelTask, options: AdaptOptions])[] = [
  ["bert", "sequence-classification", { dropout: 0.1 }],
  [
    "bert",
    "feature-extraction",
    { targets: ["query", "key", "value", "output.dense", "intermediate.dense"], rankStabilized: true },
  ],
  ["bert", "token-classification", { targets: /.*layer\.1\..*(query|output\.dense)/ }],
  ["bert", "masked-lm", { modulesToSave: ["predictions.transform"] }],
  ["roberta", "sequence-classification", {}],
  ["albert", "question-answering", { targets: ["query", "ffn"] }],
  ["electra", "sequence-classification", {}],
  ["distilbert", "sequence-classification", {}],
  ["modernbert", "token-classification", {}],
  ["gpt2", "causal-lm", { targets: ["c_attn", "c_proj"] }],
  ["t5", "seq2seq-lm", {}],
  ["bart", "seq2seq-lm", { targets: ["q_proj", "v_proj", "fc1"] }],
  ["mbart", "seq2seq-lm", {}],
  ["mpnet", "token-classification", {}],
  ["deberta-v2", "sequence-classification", { targets: ["query_proj", "key_proj", "output.dense"] }],
  ["xlm-roberta", "question-answering", {}],
  ["eurobert", "masked-lm", { targets: ["q_proj", "o_proj", "down_proj"] }],
  ["nomic_bert", "token-classification", { targets: ["q_proj", "up_proj"] }],
  ["gte", "sequence-classification", { targets: ["q_proj", "down_proj"] }],
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

async function write(type: string, task: ModelTask, options: AdaptOptions): Promise<object> {
  const name = `${type}-${task}`;
  const labels = ["sequence-classification", "token-classification"].includes(task)
    ? new LabelSet(["a", "b", "c"])
    : null;
  const config = smallConfig(type, tokenizer.size, LENGTH, tokenizer.special);
  const files = memoryFiles([["config.json", jsonBytes(config)]]);
  using loaded = await loadModel(engine, files, { task, labels, scratch: true, seed: 7 });
  disturb(loaded.weights, 0.1, 0);
  await saveModel(writableFolder(join(out!, name)), { ...loaded, tokenizer, maxLength: LENGTH });
  using adapted = adapt(loaded, { r: 4, ...options });
  disturb(adapted.weights, 0.1, 1000);
  await saveAdapter(writableFolder(join(out!, `${name}-adapter`)), adapted, join(out!, name));
  const values = scoresOf(adapted);
  writeFileSync(join(out!, `${name}.scores`), writeSafetensors([{ name: "scores", shape: [values.length], values }]));
  return { name, task };
}

/** The bound of lora.py: 2e-5 absolute plus 2e-5 relative. */
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
  for (const [type, task] of CASES) results.push(await read(`${type}-${task}`));
  process.exitCode = results.every(Boolean) ? 0 : 1;
} else {
  const cases: object[] = [];
  for (const [type, task, options] of CASES) cases.push(await write(type, task, options));
  const b = batch();
  const rows = Array.from({ length: b.rows }, (_, row) => [...b.ids.subarray(b.starts[row]!, b.starts[row + 1]!)]);
  writeFileSync(join(out, "cases.json"), JSON.stringify({ cases, rows }));
}
engine.dispose();
