/** questionAnswering against PyTorch's logits, decoded as BERT's own script does (reference/make.py, best_spans). */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { type Answer, questionAnswering } from "../../sdk/pipelines/question-answering.js";
import { near } from "../helpers/near.js";
import { BOUND, LENGTH, type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

interface Best {
  readonly answers: readonly Answer[];
  /** the same where no answer is allowed: that answer is among them */
  readonly or_none: readonly Answer[];
  readonly windows: number;
}

interface Asked extends Best {
  readonly question: string;
  readonly context: string;
  /** answers of at most two tokens */
  readonly short: Best;
}

const test = suite("questionAnswering");
const engine = await Engine.create();
interface Sided extends Best {
  readonly question: string;
  readonly context: string;
  /** of tokenizer_config.json */
  readonly settings: object;
}
const { asked, sides, ...model } = reference<ReferenceModel & { asked: readonly Asked[]; sides: readonly Sided[] }>(
  "question-answering",
);
const files = referenceFolder(model);
const answer = await questionAnswering(files, { engine });

const same = (got: readonly Answer[], want: readonly Answer[]): void => {
  const spans = (answers: readonly Answer[]) => answers.map(({ answer: text, start, end }) => [text, start, end]);
  assert.equal(spans(got), spans(want));
  near(
    got.map(({ score }) => score),
    want.map(({ score }) => score),
    BOUND,
  );
};

test("the reference has a context of one window and one of several", () => {
  assert.ok(asked.some(({ windows }) => windows === 1) && asked.some(({ windows }) => windows > 1));
});

for (const { question, context, answers, or_none: orNone, short } of asked)
  test(question, async () => {
    same(answer(question, context, { topK: 3 }), answers);
    same([answer(question, context)], answers.slice(0, 1));
    same(answer(question, context, { topK: 3, handleImpossibleAnswer: true }), orNone);
    same(answer(question, context, { topK: 3, maxAnswerLength: 2 }), short.answers);
    // Every form of a call, and options when it is opened, give the same.
    const best = answer(question, context);
    assert.equal(answer({ question, context }), best);
    assert.equal(answer([{ question, context }]), [best]);
    assert.equal(answer({ question, context }, { topK: 1 }), [best]);
    using three = await questionAnswering(files, { engine, topK: 3, maxAnswerLength: 2 });
    same(three(question, context), short.answers);
    same(three({ question, context }, { topK: 1 }), short.answers.slice(0, 1));
  });

for (const { question, context, settings, answers, or_none: orNone, windows } of sides)
  test(JSON.stringify(settings), async () => {
    assert.ok(windows > 1);
    using sided = await questionAnswering(referenceFolder(model, "wordpiece", { "tokenizer_config.json": settings }), {
      engine,
      length: LENGTH,
    });
    same(sided(question, context, { topK: 3 }), answers);
    same(sided(question, context, { topK: 3, handleImpossibleAnswer: true }), orNone);
    assert.not.equal(answers, asked.find((other) => other.question === question)!.answers);
  });

test("several questions are answered as each alone", () => {
  assert.equal(
    answer(asked.map(({ question, context }) => ({ question, context }))),
    asked.map(({ question, context }) => answer(question, context)),
  );
});

test("a context without a character has no answer", () => {
  assert.equal(answer("who?", ""), { answer: "", start: 0, end: 0, score: 0 });
  assert.equal(answer("who?", "", { handleImpossibleAnswer: true }), { answer: "", start: 0, end: 0, score: 1 });
  assert.equal(answer([]), []);
});

test("anything but a question throws an error that names it", async () => {
  await refused(() => answer("who?" as never), /questionAnswering: the input.context must be a string, got undefined/);
  await refused(() => answer({ question: "who?" } as never), /the input.context must be a string, got undefined/);
  await refused(() => answer({ question: 1, context: "a" } as never), /the input.question must be a string, got 1/);
  await refused(
    () => answer([{ question: "a", context: "b" }, null] as never),
    /input 1 must be an object with question and context, got null/,
  );
  await refused(() => answer({ question: "a", context: "b", title: "c" } as never), /unknown field "title"/);
  await refused(() => answer("a", "b", { topK: 0 }), /topK must be a whole number of at least 1, got 0/);
  await refused(() => answer("a", "b", { topK: Number.NaN }), /topK must be .*, got NaN/);
  await refused(
    () => answer("a", "b", { max_answer_len: 3 } as never),
    /"max_answer_len": the longest answer in tokens is maxAnswerLength/,
  );
  await refused(
    () => (answer as (...args: unknown[]) => unknown)("a", "b", {}, 1),
    /a call has a question, a context and options; got 4 arguments/,
  );
  await refused(
    () => questionAnswering(files, { mayBeUnanswerable: true } as never),
    /handleImpossibleAnswer allows no answer/,
  );
});

test.run();
