/** Pipelines in workers: results, errors and streams are those of this thread. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { DisposedError, WorkerError } from "../../sdk/engine/errors.js";
import { ModelFileError, memoryFiles } from "../../sdk/io/files/files.js";
import { HubError } from "../../sdk/io/hub/errors.js";
import { WeightsError } from "../../sdk/nn/planned.js";
import { ArgumentError } from "../../sdk/options.js";
import { featureExtraction } from "../../sdk/pipelines/feature-extraction.js";
import { fillMask } from "../../sdk/pipelines/fill-mask.js";
import { questionAnswering } from "../../sdk/pipelines/question-answering.js";
import { textClassification } from "../../sdk/pipelines/text-classification.js";
import { textGeneration } from "../../sdk/pipelines/text-generation.js";
import { zeroShotClassification } from "../../sdk/pipelines/zero-shot-classification.js";
import type { Progress } from "../../sdk/tensor/steps.js";
import { startWorkers } from "../../sdk/worker/models.js";
import { inNewFolder } from "../helpers/folder.js";
import { modelIn } from "../helpers/hub-cache.js";
import { hubModel } from "../helpers/hub-model.js";
import { COMMIT, loopbackHub } from "../helpers/loopback-hub.js";
import { type ReferenceModel, reference, referenceFiles, referenceFolder } from "../helpers/reference-folder.js";
import { rejects } from "../helpers/refused.js";
import { root } from "../helpers/shared.js";

const test = suite("models in workers");
const engine = await Engine.create();
const models = await startWorkers();
const at = (name: string, tokenizer?: string) => referenceFolder(reference<ReferenceModel>(name), tokenizer);
const embedding = reference<ReferenceModel>("feature-extraction");
const single = reference<{ single: ReferenceModel }>("text-classification").single;
const entailment = reference<{ models: ReferenceModel[] }>("zero-shot-classification").models[0]!;
const TEXTS = ["the cat sat on the mat", "a dog ran", "", "the sun is up and the dog ran to the cat"];
const MANY = Array.from({ length: 4000 }, (_, i) => TEXTS[i % TEXTS.length]!);

test("vectors: the same bits, of one text and of many; the caller's bytes stay", async () => {
  const files = memoryFiles(referenceFiles(embedding));
  const before = new Map([...files.files].map(([name, bytes]) => [name, bytes.slice()]));
  using here = await featureExtraction(files, { engine });
  const seen: Progress[] = [];
  using there = await models.featureExtraction(files, { onProgress: (one) => void seen.push(one) });
  assert.ok(seen.length > 0 && seen.at(-1)!.done === seen.at(-1)!.total);
  assert.equal(new Map(files.files), before);
  assert.equal(await there("the cat"), here("the cat"));
  assert.equal(await there(TEXTS, { pooling: "cls" }), here(TEXTS, { pooling: "cls" }));
  const counted: Progress[] = [];
  assert.equal((await there(MANY.slice(0, 200), { onProgress: (one) => void counted.push(one) })).length, 200);
  assert.equal(counted.at(-1), { done: 200, total: 200 });
});

test("calls with two arguments, masks, lists and options at the opening", async () => {
  using ask = await questionAnswering(at("question-answering"), { engine });
  using askThere = await models.questionAnswering(at("question-answering"), { topK: 2 });
  assert.equal(await askThere("who ran", TEXTS[3]!), ask("who ran", TEXTS[3]!, { topK: 2 }));
  assert.equal(
    await askThere({ question: "who ran", context: TEXTS[1]! }, { topK: 1 }),
    ask("who ran", TEXTS[1]!, { topK: 1 }),
  );
  using zero = await zeroShotClassification(referenceFolder(entailment), { engine });
  using zeroThere = await models.zeroShotClassification(referenceFolder(entailment));
  const labels = ["cats", "dogs"];
  assert.equal(await zeroThere(TEXTS, labels, { multiLabel: true }), zero(TEXTS, labels, { multiLabel: true }));
  assert.equal(await zeroThere("the cat", labels), zero("the cat", labels));
  using fill = await fillMask(at("fill-mask"), { engine });
  using fillThere = await models.fillMask(at("fill-mask"));
  const text = "a [MASK] ran to the [MASK]";
  assert.equal(await fillThere.masks(text, { topK: 2 }), fill.masks(text, { topK: 2 }));
  using classify = await textClassification(referenceFolder(single), { engine });
  using classifyThere = await models.textClassification(referenceFolder(single));
  assert.equal(await classifyThere(TEXTS, { topK: null }), classify(TEXTS, { topK: null }));
});

test("text: whole, told in pieces, and as a stream that can be left", async () => {
  const options = { max_new_tokens: 24, do_sample: true, seed: 3, top_k: 0 } as const;
  using here = await textGeneration(at("text-generation", "bytes"), { engine });
  using there = await models.textGeneration(at("text-generation", "bytes"));
  const want = here("the cat", { ...options, returnFullText: false }).generated_text;
  const told: string[] = [];
  const found = await there("the cat", { ...options, onText: (piece) => void told.push(piece) });
  assert.is(found.generated_text, `the cat${want}`);
  assert.is(told.join(""), want);
  const pieces: string[] = [];
  for await (const piece of there.stream("the cat", options)) pieces.push(piece);
  assert.equal(pieces, told);
  for await (const _ of there.stream("the cat", options)) break;
  assert.equal((await there("the cat", options)).generated_text, `the cat${want}`);
  const failing = async () => {
    for await (const _ of there.stream("the cat", { num_beams: 2 }));
  };
  await rejects(failing(), ArgumentError, /onText and stream need num_beams 1, got 2/);
});

test("a model by its name, or by the path of its folder, is found by this thread", () =>
  inNewFolder(async (home) => {
    const files = await hubModel();
    const hub = await loopbackHub(files);
    const environment = { HF_ENDPOINT: hub.endpoint, HF_HOME: home, HF_TOKEN: "secret" };
    Object.assign(process.env, environment);
    try {
      using here = await featureExtraction(memoryFiles(files), { engine });
      using named = await models.featureExtraction(hub.name);
      assert.equal(await named(TEXTS), here(TEXTS));
      assert.ok(hub.received.some(({ token }) => token === "Bearer secret"));
      using found = await models.featureExtraction(join(modelIn(join(home, "hub")), "snapshots", COMMIT));
      assert.equal(await found(TEXTS), here(TEXTS));
      await rejects(models.featureExtraction(hub.name, { revision: "v9" }), HubError, /v9/);
      await rejects(models.featureExtraction(3 as never), ArgumentError, /files must be/);
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name];
      await hub.close();
    }
  }));

test("errors have their classes, messages and fields", async () => {
  using embed = await models.featureExtraction(referenceFolder(embedding));
  await rejects(embed(5 as never), ArgumentError, /featureExtraction: the input must be a string, got 5/);
  await rejects(embed("a", { lenght: 3 } as never), ArgumentError, /did you mean "length"/);
  const none = models.featureExtraction({ read: async () => undefined });
  await rejects(none, ModelFileError, /config\.json is missing/);
  const key = Object.keys(embedding.shapes).find((name) => name.endsWith("LayerNorm.bias"))!;
  const fewer = {
    ...embedding,
    shapes: Object.fromEntries(Object.entries(embedding.shapes).filter(([name]) => name !== key)),
  };
  const error = await models.featureExtraction(referenceFolder(fewer)).catch((caught: unknown) => caught);
  assert.instance(error, WeightsError);
  assert.is((error as WeightsError).missing.length, 1);
  const broken = models.featureExtraction({
    read: async () => {
      throw new TypeError("the disk is on fire");
    },
  });
  await rejects(broken, TypeError, /the disk is on fire/);
  await rejects(
    embed("a", { onText: () => {}, prefix: (() => {}) as never } as never),
    Error as never,
    /could not be cloned/,
  );
});

test("a signal stops a call at once, and the worker soon after; an opening likewise", async () => {
  using embed = await models.featureExtraction(referenceFolder(embedding));
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const call = embed(MANY, { signal: controller.signal, onProgress: () => controller.abort(reason) });
  assert.is(await call.catch((error) => error), reason);
  // The worker has left the call: it answers the next one long before 4000 texts are read.
  const seen: number[] = [];
  const both = [embed(MANY).then(() => seen.push(2)), embed("the cat").then(() => seen.push(1))];
  await Promise.all(both);
  assert.equal(seen, [1, 2]);
  assert.is(await embed("a", { signal: AbortSignal.abort(reason) }).catch((error) => error), reason);
  const opening = models.featureExtraction(referenceFolder(embedding), { signal: AbortSignal.abort(reason) });
  assert.is(await opening.catch((error) => error), reason);
});

test("a pipeline that is disposed, and workers that are", async () => {
  const own = await startWorkers({ workers: 2, threads: 2 });
  const files = referenceFolder(embedding);
  const embed = await own.featureExtraction(files);
  using here = await featureExtraction(files, { engine });
  const want = here(TEXTS);
  assert.equal(await Promise.all([1, 2, 3, 4].map(() => embed(TEXTS))), [want, want, want, want]);
  const call = embed(MANY);
  const other = embed(MANY);
  embed[Symbol.dispose]();
  const both = await Promise.allSettled([call, other]);
  for (const one of both) assert.instance((one as PromiseRejectedResult).reason, DisposedError);
  const again = await own.featureExtraction(files);
  const last = again(MANY);
  own[Symbol.dispose]();
  assert.instance(await last.catch((error) => error), DisposedError);
  await rejects(again("a"), DisposedError, /these workers were disposed/);
});

test("a worker that ends by itself rejects its calls", async () => {
  const ending = "setTimeout(() => process.exit(3), 50)";
  using own = await startWorkers({ start: () => new Worker(ending, { eval: true }) as never });
  await rejects(own.featureExtraction(referenceFolder(embedding)), WorkerError, /ended with status 3/);
  await rejects(own.featureExtraction(referenceFolder(embedding)), WorkerError, /ended with status 3/);
});

test("a custom worker file: serveModels", async () => {
  const program = `import { serveModels } from ${JSON.stringify(pathToFileURL(join(root, "dist/worker.js")).href)}; await serveModels();`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
  using own = await startWorkers({ start: () => new Worker(url) as never });
  using embed = await own.featureExtraction(referenceFolder(embedding));
  using here = await featureExtraction(referenceFolder(embedding), { engine });
  assert.equal(await embed("the cat"), here("the cat"));
});

test("workers that wait keep no process alive", () => {
  const program = `import { startWorkers } from ${JSON.stringify(join(root, "dist/worker.js"))};
    const models = await startWorkers();
    await models.featureExtraction({ read: async () => undefined }).catch(({ name }) => console.log(name));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.is(stdout.trim(), "ModelFileError", stderr);
  assert.is(status, 0);
});

test("the thread that waits runs its timers while a worker computes", async () => {
  using embed = await models.featureExtraction(referenceFolder(embedding));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const { user } = process.cpuUsage();
  await embed(MANY);
  clearInterval(timer);
  assert.ok(ticks > 3, `${ticks} ticks, ${process.cpuUsage().user - user} µs`);
});

test.after(() => models[Symbol.dispose]());
test.run();
