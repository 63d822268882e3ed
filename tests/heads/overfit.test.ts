/** Every fine-tuning task overfits one batch of eight examples, from the fields of its files to its loss. */
import { suite } from "uvu";
import type { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { answerTask } from "../../sdk/train/tasks/answer.js";
import { classifyTask } from "../../sdk/train/tasks/classify.js";
import { embedTask } from "../../sdk/train/tasks/embed.js";
import { regressTask } from "../../sdk/train/tasks/regress.js";
import { tagTask } from "../../sdk/train/tasks/tag.js";
import type { Task } from "../../sdk/train/tasks/task.js";
import { byHeart } from "../helpers/by-heart.js";
import { engines } from "../helpers/engines.js";
import { tokenizer } from "../helpers/small-bert.js";
import { tinyModel } from "../helpers/tiny-models.js";

const test = suite("overfitting of tasks");
const [engine] = engines as [Engine];

const TEXTS = ["the cat sat on the mat", "a dog ran to the cat", "the sun is up", "dogs and cats ran on", "a mat is up", "cats sat", "the dog and the sun", "up to the mat"]; // biome-ignore format: a list
const PAIRS = TEXTS.map((text, i) => ({ text, pair: TEXTS[(i + 3) % 8]!.split(" ").reverse().join(" ") }));

function learnTask<Example, P extends ModelTask>(task: Task<Example, P>, examples: readonly Example[]): void {
  const labels = task.labels(examples);
  // A score is one class without a name.
  const classes = labels ?? new LabelSet(["score"]);
  using loaded = tinyModel(engine, "bert", task.modelTask, { labels: classes, deviation: 0.1 });
  const samples = task.samples(examples, { tokenizer, maxLength: 24, labels });
  byHeart(loaded, task.objective, samples);
}

test("classify", () => {
  learnTask(
    classifyTask("classify"),
    TEXTS.map((text, i) => ({ text, label: `${i % 3}` })),
  );
});

test("pair", () => {
  learnTask(
    classifyTask("pair"),
    PAIRS.map((row, i) => ({ ...row, label: `${i % 3}` })),
  );
});

test("regress", () => {
  learnTask(
    regressTask(),
    PAIRS.map((row, i) => ({ ...row, score: i / 2 })),
  );
});

test("tag", () => {
  const sentences = TEXTS.map((text) => {
    const words = text.split(" ");
    const tags = words.map((word, i) => `${(word.length + i) % 3}`);
    return { words, tags, offsets: new Int32Array(2 * words.length), text };
  });
  learnTask(tagTask, sentences);
});

test("answer: first and last token, and none where the text does not say", () => {
  const questions = PAIRS.map(({ text, pair }, i) => {
    const word = text.split(" ")[i % 2]!;
    const answers = i < 6 ? [{ text: word, start: text.indexOf(word) }] : [];
    return { id: `${i}`, question: pair.split(" ").slice(0, 2).join(" "), context: text, answers };
  });
  learnTask(answerTask, questions);
});

test("embed: partners among the batch, and pairs with a score", () => {
  const pooling = { mode: "mean", normalize: true } as const;
  learnTask(embedTask(pooling, false), PAIRS);
  learnTask(
    embedTask(pooling, true),
    PAIRS.map((row, i) => ({ ...row, score: i % 5 })),
  );
});

test.run();
