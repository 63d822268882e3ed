/** `--json` of the commands that run pipelines: their documented fields, with the values of transformers. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { near } from "../helpers/near.js";
import {
  BOUND,
  type ReferenceCall,
  type ReferenceModel,
  reference,
  referenceFiles,
} from "../helpers/reference-folder.js";

type Fields = Record<string, unknown>;

const test = suite("cloze: --json of pipelines");
const { place, cloze, objects, remove } = commandIn("predict");
test.after(remove);

/** Write a reference model as a folder; its path for the command. */
function folderOf(name: string, model: ReferenceModel, tokenizer?: string): string {
  mkdirSync(join(place, name));
  for (const [file, bytes] of referenceFiles(model, tokenizer)) writeFileSync(join(place, name, file), bytes);
  return name;
}

const answer = (words: readonly string[], line: unknown): Fields =>
  objects([...words, "--json"], `${JSON.stringify(line)}\n`)[0]!;

const close = (got: unknown, want: unknown): void => near([got as number], [want as number], BOUND);

test("predict, classes: label, score, and the score of every label", () => {
  const { single, regression } =
    reference<Record<string, ReferenceModel & { calls: ReferenceCall<Fields[]>[] }>>("text-classification");
  const model = folderOf("classes", single!);
  const { input, result } = single!.calls[0]!;
  const { label, score, scores, ...rest } = answer(["predict", "--model", model], { text: input[0] });
  assert.equal(rest, {});
  assert.is(label, result[0]!["label"]);
  close(score, result[0]!["score"]);
  for (const one of result) close((scores as Fields)[one["label"] as string], one["score"]);
  const value = answer(["predict", "--model", folderOf("regression", regression!)], { text: input[0] });
  assert.equal(Object.keys(value), ["score"]);
  close(value["score"], regression!.calls[0]!.result[0]!["score"]);
});

test("predict, words and entities: word, start, end, label, score", () => {
  const { calls, ...model } = reference<ReferenceModel & { calls: ReferenceCall<Fields[]>[] }>("token-classification");
  const name = folderOf("tags", model);
  const text = "Anna Smith lives in New York.";
  const { result } = calls.find(
    ({ input, options }) => input[0] === text && options["aggregation_strategy"] === "first",
  )!;
  const entities = answer(["predict", "--model", name, "--aggregate", "entity"], text) as unknown as Fields[];
  assert.equal(
    entities.map(({ score: _, ...one }) => one),
    result.map(({ start, end, entity_group: label }) => ({
      word: text.slice(start as number, end as number),
      start,
      end,
      label,
    })),
  );
  for (const [i, { score }] of entities.entries()) close(score, result[i]!["score"]);
  const words = answer(["predict", "--model", name], { words: ["Anna", "Smith"] }) as unknown as Fields[];
  assert.equal(words.map(Object.keys), [
    ["word", "start", "end", "label", "score"],
    ["word", "start", "end", "label", "score"],
  ]);
});

test("predict, answers: answer, start, end, score", () => {
  const { asked, ...model } = reference<ReferenceModel & { asked: (Fields & { answers: Fields[] })[] }>(
    "question-answering",
  );
  const { question, context, answers } = asked[0]!;
  const { score, ...rest } = answer(["predict", "--model", folderOf("qa", model)], { question, context });
  const { score: want, ...place } = answers[0]!;
  assert.equal(rest, place);
  close(score, want);
});

test("predict, answers: an empty text has no answer, if that is allowed", () => {
  const { asked: _, ...model } = reference<ReferenceModel & { asked: unknown }>("question-answering");
  const words = ["predict", "--model", folderOf("unanswered", model), "--handle-impossible-answer"];
  assert.equal(answer(words, { question: "who?", context: "" }), { answer: "", start: 0, end: 0, score: 1 });
});

test("predict, masks: token, id, score, sequence; a list for each of several masks", () => {
  const { calls, ...model } = reference<ReferenceModel & { calls: ReferenceCall<Fields[] | Fields[][]>[] }>(
    "fill-mask",
  );
  const name = folderOf("masks", model);
  const fields = ({ token: id, token_str: token, sequence }: Fields) => ({ token, id, sequence });
  const shown = ({ score: _, ...rest }: Fields) => rest;
  const one = answer(["predict", "--model", name, "--top", "2"], calls[1]!.input[0]) as unknown as Fields[];
  assert.equal(one.map(shown), (calls[1]!.result as Fields[]).map(fields));
  const two = answer(["predict", "--model", name, "--top", "2"], calls[2]!.input[0]) as unknown as Fields[][];
  assert.equal(
    two.map((guesses) => guesses.map(({ id }) => id)),
    (calls[2]!.result as Fields[][]).map((guesses) => guesses.map(({ token }) => token)),
  );
});

test("zero-shot: label, score, and the score of every class; rerank: places and scores; generate: text", () => {
  const [inference] = reference<{
    models: (ReferenceModel & { calls: ReferenceCall<{ labels: string[]; scores: number[] }>[] })[];
  }>("zero-shot-classification").models as [never];
  const { calls, ...model } = inference as ReferenceModel & {
    calls: ReferenceCall<{ labels: string[]; scores: number[] }>[];
  };
  const name = folderOf("inference", model);
  for (const [call, flags] of [
    [calls[0]!, []],
    [calls[1]!, ["--several"]],
    [calls[2]!, ["--template", "it was not {}."]],
  ] as const) {
    const [text, labels] = call.input;
    const { label, score, scores } = answer(["zero-shot", "--model", name, ...flags], { text, labels });
    assert.is(label, call.result.labels[0]);
    close(score, call.result.scores[0]);
    for (const [i, one] of call.result.labels.entries()) close((scores as Fields)[one], call.result.scores[i]);
  }
  const { query, texts, result, ...ranker } = reference<{ models: (ReferenceModel & Fields & { result: Fields[] })[] }>(
    "text-ranking",
  ).models[0]!;
  const { ranking } = answer(["rerank", "--model", folderOf("ranker", ranker), "--top", "2"], { query, texts });
  assert.equal(
    (ranking as Fields[]).map(({ index }) => index),
    result.slice(0, 2).map(({ corpus_id: index }) => index),
  );
  const writer = reference<ReferenceModel & { calls: ReferenceCall<Fields[]>[] }>("text-generation");
  const written = answer(
    ["generate", "--model", folderOf("writer", writer, "bytes"), "--tokens", "8"],
    writer.calls[0]!.input[0],
  );
  assert.equal(written, { text: writer.calls[0]!.result[0]!["generated_text"] });
  const rewriter = reference<ReferenceModel & { calls: ReferenceCall<Fields[]>[] }>("text2text-generation");
  const rewritten = answer(
    ["generate", "--model", folderOf("rewriter", rewriter, "bytes-with-ends"), "--tokens", "8"],
    rewriter.calls[0]!.input[0],
  );
  assert.equal(rewritten, { text: rewriter.calls[0]!.result[0]!["generated_text"] });
});

test("several labels for a text: finetune, evaluate and predict; a list is refused where one label is learned", () => {
  const { multi } = reference<Record<string, ReferenceModel>>("text-classification");
  const model = folderOf("several", multi!);
  const rows = [
    ["the cat sat", ["b", "a"]],
    ["a dog ran", ["c"]],
    ["the sun is up", []],
  ].map(([text, labels]) => JSON.stringify({ text, labels }));
  writeFileSync(join(place, "several.jsonl"), `${rows.join("\n")}\n`);
  const files = ["--train", "several.jsonl", "--test", "several.jsonl", "--epochs", "2"];
  const learn = ["finetune", "--model", model, "--out", "learned", "--json", ...files];
  const last = objects([...learn, "--task", "multi-label"]).at(-1)!;
  for (const name of ["test_micro_f1", "test_macro_f1", "test_exact_match", "test_baseline_micro_f1"])
    assert.type(last[name], "number", `${name} in ${Object.keys(last)}`);
  const again = objects(["evaluate", "--model", "learned", "--test", "several.jsonl", "--json"]).at(-1)!;
  assert.is(again["test_micro_f1"], last["test_micro_f1"]);
  // Each score is a probability of its own.
  const { scores } = answer(["predict", "--model", "learned"], { text: "the cat sat" });
  assert.equal(Object.keys(scores as Fields).sort(), ["a", "b", "c"]);
  const { status, stderr } = cloze([...learn, "--task", "classify", "--force"]);
  assert.is(status, 2);
  assert.match(stderr, /several.jsonl:1: a list of labels; the task multi-label learns several/);
});

test("a length of more than the model's positions is refused, naming it", () => {
  const { embeddings: _, ...model } = reference<ReferenceModel & Fields>("feature-extraction");
  const { status, stderr } = cloze(["embed", "--model", folderOf("vectors", model), "--text", "--length", "99"], "a\n");
  assert.is(status, 2);
  assert.match(stderr, /length 99 is more than the model's 32 positions/);
});

test.run();
