import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Question } from "../../sdk/data/questions.js";
import { shuffledContexts } from "../../sdk/data/shuffled-contexts.js";
import { seed } from "../../sdk/tensor/random.js";

const test = suite("shuffled contexts");

const question = (id: string, asked: string, context: string, answer: string): Question => ({
  id,
  question: asked,
  context,
  answers: [{ text: answer, start: context.indexOf(answer) }],
});

const QUESTIONS = [
  question("1", "Who rang the old bell?", "It was late. Mira rang the old bell! Nobody came.", "Mira"),
  question("2", "How wide is the 3.5 river?", 'The river is 3.5 metres wide. "Cold!" Fish live in it.', "3.5 metres"),
  question("3", "When did it open?", "Nothing is known. It opened in May", "May"),
];
const STRANGERS = ["Mira rang the old bell!", "The river is 3.5 metres wide.", "It opened in May"];
const OWN = ["It was late.", "Nobody came."];

test("answers are where the copies say, in their own sentence, and nothing is lost", () => {
  const copies = shuffledContexts(QUESTIONS, { copies: 50, exchange: 0, drop: 0 }, seed(1));
  assert.is(copies.length, 150);
  const orders = new Set<string>();
  for (const { id, question: asked, context, answers } of copies) {
    const original = QUESTIONS.find((q) => q.id === id)!;
    const [{ text, start }] = answers as [{ text: string; start: number }];
    assert.is(text, original.answers[0]!.text);
    assert.is(context.slice(start, start + text.length), text);
    assert.is(asked, original.question);
    assert.is(context.length, original.context.length);
    orders.add(context);
  }
  // Every place of the answer's sentence among the others, and every order of those: 3!, 3! and 2.
  assert.is(orders.size, 14);
});

test("sentences are exchanged for those of other contexts at the rate asked for", () => {
  const copies = shuffledContexts([...QUESTIONS], { copies: 2000, exchange: 0.5, drop: 0 }, seed(2));
  const firsts = copies.filter(({ id }) => id === "1");
  let kept = 0;
  for (const { context } of firsts) {
    assert.ok(context.includes("Mira rang the old bell!"));
    kept += OWN.filter((sentence) => context.includes(sentence)).length;
  }
  // 4,000 coins: five standard errors are 5 * sqrt(0.25 / 4000) = 0.04.
  assert.ok(Math.abs(kept / 4000 - 0.5) < 0.04, `${kept / 4000}`);
  const all = shuffledContexts([QUESTIONS[0]!, QUESTIONS[1]!], { copies: 20, exchange: 1, drop: 0 }, seed(3));
  for (const { context } of all)
    assert.ok(!OWN.some((sentence) => context.includes(sentence)) && STRANGERS.some((s) => context.includes(s)));
});

test("words of the question are left out at the rate asked for, the first never", () => {
  const copies = shuffledContexts([QUESTIONS[0]!], { copies: 2000, exchange: 0, drop: 0.25 }, seed(4));
  let words = 0;
  for (const { question: asked } of copies) {
    assert.ok(asked.startsWith("Who"));
    words += asked.split(" ").length - 1;
  }
  // 8,000 coins: five standard errors are 5 * sqrt(0.25 * 0.75 / 8000) = 0.025.
  assert.ok(Math.abs(words / 8000 - 0.75) < 0.025, `${words / 8000}`);
});

test("questions without an answer in one sentence are copied as they are; the same seed gives the same copies", () => {
  const across = question("4", "What?", "One ends. Two begins here.", "ends. Two");
  const none: Question = { id: "5", question: "Why is it?", context: "Who knows. Nobody.", answers: [] };
  const options = { copies: 3, exchange: 0.5, drop: 0.5 };
  const copies = shuffledContexts([across, none, ...QUESTIONS], options, seed(5));
  for (const copy of copies.filter(({ id }) => id > "3")) assert.ok(copy === across || copy === none);
  assert.equal(shuffledContexts([across, none, ...QUESTIONS], options, seed(5)), copies);
  assert.not.equal(shuffledContexts([across, none, ...QUESTIONS], options, seed(6)), copies);
});

test.run();
