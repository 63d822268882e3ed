/** The awaitable form of every pipeline: the same bits as the synchronous one, whatever else runs on the engine. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { DisposedError } from "../../sdk/engine/errors.js";
import { featureExtraction } from "../../sdk/pipelines/feature-extraction.js";
import { fillMask } from "../../sdk/pipelines/fill-mask.js";
import { questionAnswering } from "../../sdk/pipelines/question-answering.js";
import { sentenceSimilarity } from "../../sdk/pipelines/sentence-similarity.js";
import { textClassification } from "../../sdk/pipelines/text-classification.js";
import { text2textGeneration, textGeneration } from "../../sdk/pipelines/text-generation.js";
import { textRanking } from "../../sdk/pipelines/text-ranking.js";
import { tokenClassification } from "../../sdk/pipelines/token-classification.js";
import { wordVectors } from "../../sdk/pipelines/word-vectors.js";
import { zeroShotClassification } from "../../sdk/pipelines/zero-shot-classification.js";
import type { Progress } from "../../sdk/tensor/steps.js";
import { type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

const test = suite("pipelines, awaited");
const engine = await Engine.create();
const at = (name: string, tokenizer?: string) => referenceFolder(reference<ReferenceModel>(name), tokenizer);
const nth = (name: string) => referenceFolder(reference<{ models: ReferenceModel[] }>(name).models[0]!);
const TEXTS = ["the cat sat on the mat", "a dog ran", "", "the sun is up and the dog ran to the cat on the mat"];
const INPUTS = Array.from({ length: 160 }, (_, i) => TEXTS[i % TEXTS.length]!);

type Call = (...args: readonly unknown[]) => unknown;
type Any = Disposable & Call & { readonly async: (...args: readonly unknown[]) => Promise<unknown> };

/** Every pipeline, and arguments of a call of many inputs and of one. */
const CASES: readonly (readonly [
  name: string,
  open: () => Promise<unknown>,
  calls: readonly (readonly unknown[])[],
])[] = [
  [
    "featureExtraction",
    () => featureExtraction(at("feature-extraction"), { engine }),
    [[INPUTS], ["the cat"], [INPUTS.slice(0, 9), { layers: [1, -1], join: "concat" }], [[]]],
  ],
  ["wordVectors", () => wordVectors(at("feature-extraction"), { engine }), [[INPUTS], ["the cat", { layers: [0] }]]],
  [
    "sentenceSimilarity",
    () => sentenceSimilarity(at("feature-extraction"), { engine }),
    [
      ["the cat", INPUTS],
      [[{ text: "the cat", texts: TEXTS }], {}],
    ],
  ],
  [
    "fillMask",
    () => fillMask(at("fill-mask"), { engine }),
    [[["the [MASK] sat", "a [MASK] ran to the [MASK]"]], ["the [MASK] sat", { topK: 2 }]],
  ],
  [
    "questionAnswering",
    () => questionAnswering(at("question-answering"), { engine }),
    [
      ["the cat", TEXTS.join(" ").repeat(4)],
      [TEXTS.filter(Boolean).map((context) => ({ question: "who ran", context })), { topK: 2 }],
    ],
  ],
  [
    "textClassification",
    () =>
      textClassification(referenceFolder(reference<{ single: ReferenceModel }>("text-classification").single), {
        engine,
      }),
    [[INPUTS, { topK: null }], ["the cat"]],
  ],
  ["tokenClassification", () => tokenClassification(at("token-classification"), { engine }), [[INPUTS], ["a dog ran"]]],
  [
    "textRanking",
    () => textRanking(nth("text-ranking"), { engine }),
    [
      ["the cat", INPUTS],
      [[{ query: "a dog", texts: TEXTS }], { topK: 1 }],
    ],
  ],
  [
    "zeroShotClassification",
    () => zeroShotClassification(nth("zero-shot-classification"), { engine }),
    [
      [INPUTS.slice(0, 12), ["cats", "dogs"]],
      ["the cat", ["cats", "dogs"], { multiLabel: true }],
    ],
  ],
  [
    "textGeneration",
    () => textGeneration(at("text-generation", "bytes"), { engine, max_new_tokens: 8 }),
    [[TEXTS.filter(Boolean)], ["the cat", { num_beams: 3 }], ["the cat", { do_sample: true, seed: 4 }]],
  ],
  [
    "text2textGeneration",
    () => text2textGeneration(at("text2text-generation", "bytes-with-ends"), { engine, max_new_tokens: 8 }),
    [[TEXTS.filter(Boolean)], ["the cat", { num_beams: 3 }], ["the cat", { do_sample: true, seed: 4 }]],
  ],
];

const opened = new Map<string, Any>();
for (const [name, open] of CASES) opened.set(name, (await open()) as Any);
const resting = engine.liveBytes;

for (const [name, , calls] of CASES)
  test(`${name}: the same result, alone and twice at a time`, async () => {
    const call = opened.get(name)!;
    for (const args of calls) {
      const want = call(...args);
      assert.equal(await call.async(...args), want);
      assert.equal(await Promise.all([call.async(...args), call.async(...args)]), [want, want]);
    }
    assert.is(engine.liveBytes, resting);
  });

test("all pipelines at a time on one engine, with synchronous calls in between", async () => {
  const want = CASES.map(([name, , [args]]) => opened.get(name)!(...args!));
  const awaited = CASES.map(([name, , [args]]) => opened.get(name)!.async(...args!));
  let between = 0;
  const timer = setInterval(() => {
    const [name, , [args]] = CASES[between % CASES.length]!;
    assert.equal(opened.get(name)!(...args!), want[between++ % CASES.length]);
  }, 1);
  const found = await Promise.all(awaited);
  clearInterval(timer);
  assert.equal(found, want);
  assert.ok(between > 0, "nothing ran in between");
  assert.is(engine.liveBytes, resting);
});

test("progress counts to the end, and a signal stops a call with its reason", async () => {
  for (const [name, , [args]] of CASES) {
    const seen: Progress[] = [];
    const last = args!.at(-1);
    const hasOptions = typeof last === "object" && last !== null && !Array.isArray(last);
    const with_ = (more: object) => (hasOptions ? [...args!.slice(0, -1), { ...last, ...more }] : [...args!, more]);
    const call = opened.get(name)!;
    await call.async(...with_({ onProgress: (progress: Progress) => seen.push(progress) }));
    const { done, total } = seen.at(-1)!;
    assert.ok(done === total && total > 0, `${name}: ${done} of ${total}`);
    assert.equal(
      seen.map((one) => one.done),
      seen.map((one) => one.done).toSorted((a, b) => a - b),
      name,
    );
    const controller = new AbortController();
    const reason = new Error(`enough of ${name}`);
    const stop = { signal: controller.signal, onProgress: () => controller.abort(reason) };
    if (seen.length > 1) assert.is(await call.async(...with_(stop)).catch((error) => error), reason, name);
    assert.is(await call.async(...with_({ signal: AbortSignal.abort(reason) })).catch((error) => error), reason);
    assert.is(engine.liveBytes, resting, name);
  }
});

test("arguments are refused as in the synchronous form, by rejecting", async () => {
  const embed = await featureExtraction(at("feature-extraction"), { engine });
  await refused(() => embed.async(5 as never), /featureExtraction: the input must be a string, got 5/);
  await refused(() => embed.async("a", { length: 0 }), /length must be a whole number of at least 1/);
  await refused(() => embed.async("a", { signal: {} as never }), /signal must be an AbortSignal/);
  await refused(() => embed("a", { signal: AbortSignal.abort() } as never), /"signal": a call that blocks .*async/);
  await refused(() => embed("a", { onProgress() {} } as never), /"onProgress": a call that blocks .*async/);
  embed[Symbol.dispose]();
});

test("a pipeline that is disposed under a call rejects it, and nothing is left", async () => {
  const embed = await featureExtraction(at("feature-extraction"));
  const call = embed.async(INPUTS);
  await undefined;
  embed[Symbol.dispose]();
  assert.instance(await call.catch((error) => error), DisposedError);
});

test("masks: the same guesses, awaited", async () => {
  using fill = await fillMask(at("fill-mask"), { engine });
  const text = "a [MASK] ran to the [MASK]";
  assert.equal(await fill.masks.async(text), fill.masks(text));
});

test("opening: the bytes are counted, and a signal stops it", async () => {
  const seen: Progress[] = [];
  using _ = await featureExtraction(at("feature-extraction"), { engine, onProgress: (one) => void seen.push(one) });
  const { done, total } = seen.at(-1)!;
  assert.ok(done === total && seen.length > 1, `${done} of ${total} in ${seen.length}`);
  const before = engine.liveBytes;
  const controller = new AbortController();
  const reason = new Error("another folder after all");
  const opening = featureExtraction(at("feature-extraction"), {
    engine,
    signal: controller.signal,
    onProgress: ({ done: read }) => read > total / 2 && controller.abort(reason),
  });
  assert.is(await opening.catch((error) => error), reason);
  assert.is(engine.liveBytes, before);
});

test.run();
