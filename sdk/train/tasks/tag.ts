/** Tags of words: parts of speech, named entities (tags such as B-PER). */
import { readTagged, type TaggedSentence } from "../../data/conllu.js";
import { marksEntities } from "../../heads/entity-tags.js";
import { argmax } from "../../heads/probabilities.js";
import { encodeTagged, tagging } from "../../heads/tagging.js";
import { wordScores } from "../../heads/token-windows.js";
import type { Model } from "../../models/family/build.js";
import { single } from "../../objectives/objective.js";
import { mostFrequentTagBaseline } from "../metrics/baselines.js";
import { accuracy } from "../metrics/classification.js";
import { entityF1 } from "../metrics/entities.js";
import { type ClassPredictions, labelsOf, requireLabels, type Task, type TaskSettings } from "./task.js";

/** Words without a token, and tags that the model lacks, have no scores; they count as wrong in the metrics. */
function predict(
  model: Model<"token-classification">,
  examples: readonly TaggedSentence[],
  settings: TaskSettings,
): ClassPredictions {
  const labels = requireLabels(settings, "tag");
  const sentences = examples.map(({ words }) => words);
  const scored = wordScores(model, sentences, settings);
  const predicted = scored.map((words) => words.map((scores) => scores && labels.name(argmax(scores))));
  const right = predicted.flatMap((tags, i) => tags.map((tag, word) => (tag === examples[i]!.tags[word] ? 1 : 0)));
  const items = scored.flatMap((words, i) =>
    words.flatMap((scores, word) => {
      const known = labels.names.indexOf(examples[i]!.tags[word]!);
      return scores && known >= 0 ? [{ scores, gold: known }] : [];
    }),
  );
  const [scores, gold] = [items.map((item) => item.scores), items.map((item) => item.gold)];
  const score = {
    accuracy: accuracy(
      right,
      right.map(() => 1),
    ),
  };
  if (!marksEntities(labels.names)) return { metrics: score, scores, gold };
  const { precision, recall, f1 } = entityF1(
    predicted.map((tags) => tags.map((tag) => tag ?? "O")),
    examples.map(({ tags }) => tags),
  );
  return { metrics: { ...score, precision, recall, f1 }, scores, gold };
}

/** Token classification, from tagged files to accuracy, and entity F1 if the tags mark entities. */
export const tagTask: Task<TaggedSentence, "token-classification"> = {
  name: "tag",
  modelTask: "token-classification",
  headline: "accuracy",
  read: readTagged,
  classes: ({ tags, lines }) => tags.map((label, word) => ({ label, line: lines?.[word] })),
  labels: (examples) => labelsOf(tagTask, examples),
  samples(examples, settings) {
    const labels = requireLabels(settings, "tag");
    return examples.map(({ words, tags }) => encodeTagged(settings.tokenizer, words, tags, labels, settings));
  },
  objective: /* @__PURE__ */ single(/* @__PURE__ */ tagging()),
  weighted: (weights) => single(tagging(weights)),
  evaluate: (model, examples, settings) => predict(model, examples, settings).metrics,
  predict,
  baseline: (train, test) => ({ accuracy: mostFrequentTagBaseline(train, test) }),
  baselineName: "the most frequent tag of each word",
  decisions: (examples) => examples.reduce((sum, { words }) => sum + words.length, 0),
};
