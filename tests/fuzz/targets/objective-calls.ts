/** Data, objectives, configurations, schedules and files: everything that needs no engine. */
import * as data from "../../../sdk/data.js";
import * as generation from "../../../sdk/generate.js";
import * as cloze from "../../../sdk/index.js";
import * as tensors from "../../../sdk/tensor.js";
import { sizes, tokenizers } from "../fixtures.js";
import { type Call, call } from "./call.js";

const tokenizer = tokenizers["wordpiece"]!();
const { rng, questions } = {
  rng: () => data.seed(1),
  questions: [{ id: "1", question: "Where?", context: "In Rome.", answers: [{ text: "Rome", start: 3 }] }],
};
const documents = () =>
  data.tokenizeDocuments(tokenizer, [
    ["the low", "new"],
    ["wide", "low new"],
  ]);
const sample = () => data.sampleOf(tokenizer.encode("the lowest of the new"));

export const OBJECTIVE_CALLS: Readonly<Record<string, Call>> = {
  constantSchedule: call(
    (...args: Parameters<typeof cloze.constantSchedule>) => cloze.constantSchedule(...args)(3),
    () => [0.1, 2],
  ),
  linearSchedule: call(
    (...args: Parameters<typeof cloze.linearSchedule>) => cloze.linearSchedule(...args)(3),
    () => [0.1, 2, 10],
  ),
  cosineSchedule: call(
    (...args: Parameters<typeof cloze.cosineSchedule>) => cloze.cosineSchedule(...args)(3),
    () => [0.1, 2, 10, 0],
  ),
  freshConfig: call(cloze.freshConfig, () => ["bert", { ...sizes }]),
  electraConfigs: call(cloze.electraConfigs, () => [{ ...sizes, generatorShare: 0.25 }]),
  LabelSet: call(
    (...args: ConstructorParameters<typeof cloze.LabelSet>) => new cloze.LabelSet(...args),
    () => [["a", "b"], { unique: true, multiLabel: false }],
  ),
  "LabelSet.id": call(
    (name: string) => new cloze.LabelSet(["a"]).id(name),
    () => ["a"],
  ),
  "LabelSet.name": call(
    (id: number) => new cloze.LabelSet(["a"]).name(id),
    () => [0],
  ),
  maskedLm: call(cloze.maskedLm, () => [
    {
      tokenizer,
      maskingRate: 0.2,
      selection: "exact",
      replacement: { mask: 0.8, random: 0.1 },
      firstRandomId: 4,
      maxPredictions: 3,
      wholeWords: true,
    },
  ]),
  ngramMaskedLm: call(cloze.ngramMaskedLm, () => [{ tokenizer, maskingRate: 0.2 }]),
  spanMaskedLm: call(cloze.spanMaskedLm, () => [{ tokenizer, maskingRate: 0.2 }]),
  spanCorruption: call(
    (options: never) => cloze.spanCorruption(options)(sample(), rng()),
    () => [{ tokenizer }],
  ),
  denoising: call(
    (options: never) => cloze.denoising(options)(sample(), rng()),
    () => [{ tokenizer, maskingRate: 0.3 }],
  ),
  mass: call(cloze.mass, () => [{ tokenizer }]),
  simcse: call(cloze.simcse, () => [{ mode: "mean", normalize: true }]),
  stepsOfEpochs: call(cloze.stepsOfEpochs, () => [100, 8, 3, 2]),
  multiLabelTask: call(cloze.multiLabelTask, () => [{ threshold: 0.5 }]),
  classifyTask: call(cloze.classifyTask, () => ["classify", { text: "a", label: "b" }]),
  embedTask: call(cloze.embedTask, () => [{ mode: "mean", normalize: true }, true]),
  seed: call(
    (value: number) => data.seed(value)(),
    () => [3],
  ),
  shuffle: call(data.shuffle, () => [[1, 2, 3], rng()]),
  collate: call(data.collate, () => [[sample()]]),
  columnsNamed: call(data.columnsNamed, () => ["text=a,label=b"]),
  parseJson: call(data.parseJson, () => ['{"a": 1}']),
  parseObjective: call(data.parseObjective, () => ["masked-lm"]),
  objectiveAliases: call(data.objectiveAliases, () => ["masked-lm"]),
  overlapOfStep: call(data.overlapOfStep, () => [3, 10]),
  textSource: call(
    (name: string, text: string) => data.readTextRows(data.textSource(name, text)),
    () => ["f", "text\tlabel\na\tb\n"],
  ),
  tokenizeDocuments: call(
    (documents: string[][]) => data.tokenizeDocuments(tokenizer, documents),
    () => [[["the low", "new"]]],
  ),
  packStream: call(data.packStream, () => [documents(), { maxLength: 8, tokenizer }]),
  packSentences: call(data.packSentences, () => [documents(), { maxLength: 8, tokenizer }]),
  packFullSentences: call(data.packFullSentences, () => [documents(), { maxLength: 8, tokenizer }]),
  nextSentencePairs: call(data.nextSentencePairs, () => [
    documents(),
    { maxLength: 12, tokenizer, shortSequenceRate: 0.1 },
    rng(),
  ]),
  sentenceOrderPairs: call(data.sentenceOrderPairs, () => [documents(), { maxLength: 12, tokenizer }, rng()]),
  shuffledContexts: call(data.shuffledContexts, () => [structuredClone(questions), { share: 0.5 }, rng()]),
  readSafetensors: call(tensors.readSafetensors, () => [new Uint8Array(8)]),
  writeSafetensors: call(tensors.writeSafetensors, () => [
    [{ name: "a", shape: [2], values: Float32Array.of(1, 2) }],
    { format: "pt" },
  ]),
  chosenLayers: call(tensors.chosenLayers, () => [12, 6]),
  namesLike: call(
    (pattern: string) => tensors.namesLike(pattern)("a.b"),
    () => ["a.*"],
  ),
  clipScale: call(tensors.clipScale, () => [2, 1]),
  generationSettings: call(generation.generationSettings, () => [{ max_length: 5 }, { eos_token_id: 3 }]),
};
