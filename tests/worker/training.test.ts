/** Training in a worker: the steps, the losses and the weights of training here. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { memoryFiles } from "../../sdk/io/files/files.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { readSentenceSettings } from "../../sdk/io/sentence-transformers/sentence.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { single } from "../../sdk/objectives/objective.js";
import { pretrainingSamples, tokenizeDocuments } from "../../sdk/objectives/sequences/corpus.js";
import { ArgumentError } from "../../sdk/options.js";
import { freshConfig, freshModel } from "../../sdk/train/fresh/fresh-model.js";
import { type FinetuneEvent, finetune } from "../../sdk/train/loop/finetune.js";
import { folderEmbedTask } from "../../sdk/train/loop/folder-embeddings.js";
import { type Step, train } from "../../sdk/train/loop/train.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { linearSchedule } from "../../sdk/train/optim/schedule.js";
import { classifyTask } from "../../sdk/train/tasks/classify.js";
import { startWorkers } from "../../sdk/worker/models.js";
import { rejects } from "../helpers/refused.js";
import { config, LENGTH, SENTENCES, tokenizer } from "../helpers/small-bert.js";

const test = suite("training in a worker");
const engine = await Engine.create();
const models = await startWorkers();

/** A model folder of the tests' small BERT. */
async function folder() {
  const files = memoryFiles();
  await saveModel(files, { ...freshModel(engine, config, "masked-lm", 5), tokenizer, maxLength: LENGTH });
  return files;
}

const files = await folder();
const examples = SENTENCES.map((text, i) => ({ text, label: i % 2 === 0 ? "good" : "bad" }));
const asked = { train: examples, dev: examples, epochs: 3, learningRate: 1e-3, batchSize: 2, seed: 1 } as const;

/** Steps without the time they took. */
const timeless = ({ seconds: _, tokensPerSecond: __, ...step }: Step) => step;

test("finetune: the events and the files of the same run here", async () => {
  const labels = LabelSet.of(new Set(["good", "bad"]));
  const loaded = await loadModel(engine, files, { task: "sequence-classification", labels, seed: 1 });
  const settings = { tokenizer, labels, maxLength: LENGTH };
  const plain = (event: FinetuneEvent) => (event.kind === "step" ? timeless(event.step) : event);
  const want: unknown[] = [];
  for await (const event of finetune({ ...asked, loaded, task: classifyTask("classify"), settings }))
    want.push(plain(event));
  const saved = memoryFiles();
  await saveModel(saved, { ...loaded, tokenizer, maxLength: LENGTH });
  const run = models.finetune(files, { ...asked, task: "classify" });
  const found: unknown[] = [];
  for await (const event of run) found.push(plain(event));
  assert.equal(found, want);
  const there = await run.files;
  assert.equal(new Map(there.files), new Map(saved.files));
  using classify = await models.textClassification(there);
  assert.ok(["good", "bad"].includes((await classify("the cat sat")).label));
});

test("the files alone: the run takes its course without a loop over its events", async () => {
  const run = models.finetune(files, { ...asked, task: "classify" });
  for await (const _ of run);
  const want = new Map((await run.files).files);
  const alone = models.finetune(files, { ...asked, task: "classify" });
  assert.equal(new Map((await alone.files).files), want);
  assert.throws(() => alone[Symbol.asyncIterator](), /its events are gone; iterate over them first/);
  const early = models.finetune(files, { ...asked, task: "classify" });
  const pending = early.files;
  let events = 0;
  for await (const _ of early) events++;
  assert.equal(new Map((await pending).files), want);
  assert.ok(events > 0);
  const failing = models.finetune(files, { ...asked, train: [], task: "classify" });
  await rejects(failing.files, Error, /train/);
});

test("finetune from a quantized folder: in f32, as from the values that it expands to", async () => {
  const [quantized, expanded] = [memoryFiles(), memoryFiles()];
  using compact = await loadModel(engine, files, { dtype: "q8" });
  await saveModel(quantized, { ...compact, tokenizer, maxLength: LENGTH });
  using plain = await loadModel(engine, quantized, { dtype: "f32" });
  await saveModel(expanded, { ...plain, tokenizer, maxLength: LENGTH });
  const losses = async (source: typeof files) => {
    const found: number[] = [];
    const run = models.finetune(source, { ...asked, task: "classify" });
    for await (const event of run) if (event.kind === "step") found.push(event.step.loss);
    return { found, files: new Map((await run.files).files) };
  };
  assert.equal(await losses(quantized), await losses(expanded));
});

test("finetune for embeddings: the vectors of the folder, and its settings beside the model", async () => {
  const pairs = SENTENCES.map((text, i) => ({ text, pair: SENTENCES[(i + 1) % SENTENCES.length]!, score: i }));
  for (const train of [pairs, pairs.map(({ text, pair }) => ({ text, pair }))]) {
    const loaded = await loadModel(engine, files, { task: "feature-extraction", seed: 1 });
    const sentence = await readSentenceSettings(files);
    const task = folderEmbedTask(sentence, "score" in train[0]!);
    const settings = { tokenizer, labels: null, maxLength: LENGTH };
    const request = { ...asked, train, dev: train };
    const plain = (event: FinetuneEvent) => (event.kind === "step" ? timeless(event.step) : event);
    const want: unknown[] = [];
    for await (const event of finetune({ ...request, loaded, task, settings })) want.push(plain(event));
    const run = models.finetune(files, { ...request, task: "embed" });
    const found: unknown[] = [];
    for await (const event of run) found.push(plain(event));
    assert.equal(found, want);
    const there = await run.files;
    assert.equal(await readSentenceSettings(there), { ...sentence, maxLength: LENGTH });
    using embed = await models.featureExtraction(there);
    assert.equal(await embed("the cat"), (await embed(["the cat"]))[0]);
  }
});

test("pretrain: the steps and the files of the same run here", async () => {
  const sizes = {
    numHiddenLayers: 2,
    hiddenSize: 16,
    numAttentionHeads: 2,
    maxPositionEmbeddings: LENGTH,
    dropout: 0.1,
  };
  const documents = Array.from({ length: 12 }, () => SENTENCES);
  const request = { batchSize: 4, seed: 3, steps: 12, learningRate: 1e-3 };
  const fresh = freshConfig("bert", { ...sizes, vocabSize: tokenizer.size, special: tokenizer.special });
  const made = freshModel(engine, fresh, "masked-lm", 3);
  const want: unknown[] = [];
  const run = train({
    ...request,
    engine,
    model: made.model,
    objective: single(maskedLm({ tokenizer })),
    samples: pretrainingSamples(tokenizeDocuments(tokenizer, documents), "sentences", {
      tokenizer,
      maxLength: LENGTH,
      seed: 3,
    }),
    optimizer: adamW(made.weights, { weightDecay: 0.01 }),
    learningRate: linearSchedule(1e-3, 2, 12),
  });
  for await (const step of run) want.push(timeless(step));
  const saved = memoryFiles();
  await saveModel(saved, { ...made, tokenizer, maxLength: LENGTH });
  const there = models.pretrain(files, { ...request, objective: "masked-lm", sizes, documents });
  const found: unknown[] = [];
  for await (const step of there) found.push(timeless(step));
  assert.equal(found, want);
  assert.equal(new Map((await there.files).files), new Map(saved.files));
});

test("a run that is left or stopped ends in the worker, and has no files", async () => {
  const long = { ...asked, epochs: 10_000 };
  const left = models.finetune(files, { ...long, task: "classify" });
  let count = 0;
  for await (const event of left) if (event.kind === "step" && ++count === 3) break;
  await rejects(left.files, Error, /the run was left before its end/);
  const controller = new AbortController();
  const reason = new Error("enough");
  const stopped = models.finetune(files, { ...long, task: "classify", signal: controller.signal });
  const caught = await (async () => {
    for await (const _ of stopped) controller.abort(reason);
  })().catch((error) => error);
  assert.is(caught, reason);
  assert.is(await stopped.files.catch((error) => error), reason);
  // Neither of the runs holds the worker up any longer.
  const short = models.finetune(files, { ...asked, epochs: 1, task: "classify" });
  for await (const _ of short);
  assert.ok((await short.files).files.has("model.safetensors"));
});

test("invalid training requests are refused in the caller's terms", async () => {
  const events = async (run: AsyncIterable<unknown>) => {
    for await (const _ of run);
  };
  await rejects(
    events(models.finetune(files, { ...asked, task: "nothing" as never })),
    ArgumentError,
    /task must be one of answer, classify/,
  );
  await rejects(
    events(models.finetune(files, { ...asked, epochs: 0, task: "classify" })),
    ArgumentError,
    /epochs must be/,
  );
  const electra = {
    objective: "replaced-token-detection",
    sizes: {} as never,
    documents: [],
    batchSize: 1,
    seed: 1,
    steps: 1,
  };
  await rejects(events(models.pretrain(files, { ...electra, learningRate: 1 })), Error, /objective/);
});

test.after(() => models[Symbol.dispose]());
test.run();
