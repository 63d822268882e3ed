/**
 * Question answering: two vectors score each token as the start and the end of the answer.
 *
 *   npm run example answers
 */
// biome-ignore format: a list
import { answerTask, Engine, freshConfig, freshModel } from "cloze";
import { seed, shuffledContexts } from "cloze/data";
import { findAnswers } from "cloze/metrics";
import { trainWordPiece } from "cloze/tokenizer";
import { documents, questions } from "./lesson/corpus.js";
import { adaptTo, percent, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const engine = await Engine.create();
const tokenizer = trainWordPiece((await documents()).flat(), { size: 2000 });
const { train, test } = await questions();
// Recombine the sentences of several texts, so that positions of answers cannot be memorized.
const more = shuffledContexts(train, { copies: 18, exchange: 0.8, drop: 0.2 }, seed(1));
const settings = { tokenizer, labels: null, maxLength: 64 };

const config = freshConfig("bert", { vocabSize: tokenizer.size, ...SIZES });
using loaded = freshModel(engine, config, "question-answering", 1);
const { exact_match: exact, f1 } = await adaptTo(
  { loaded, task: answerTask, settings, train: more, epochs: 1, learningRate: 1.5e-3 },
  test,
);
const baseline = answerTask.baseline(train, test);
console.log(`${more.length} questions learned from`);
console.log(`found: ${percent(exact!)} exactly, ${percent(f1!)} of the words (F1)`);
console.log(`always the same words of the text: ${percent(baseline["f1"]!)} (F1)`);
const found = findAnswers(loaded.model, test.slice(0, 4), settings);
for (const [i, { answer, start, end }] of found.entries()) {
  const { question, answers } = test[i]!;
  console.log(`${question}\n    found "${answer}" at ${start}–${end}, right is "${answers[0]!.text}"`);
}
lookAt(
  "the answer is always a span of the text, context.slice(start, end). Training sees nothing but questions for a minute and a half; it first learns what kind of answer a question wants, then where it is.",
);
engine.dispose();
