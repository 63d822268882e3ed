/** Tags of words: parts of speech, named entities (tags such as B-PER). */
import { readTagged, type TaggedSentence } from "../../data/conllu.js";
import { marksEntities } from "../../heads/entity-tags.js";
import { encodeTagged, tagging } from "../../heads/tagging.js";
import { tagWords } from "../../heads/token-windows.js";
import { single } from "../../objectives/objective.js";
import { mostFrequentTagBaseline } from "../metrics/baselines.js";
import { accuracy } from "../metrics/classification.js";
import { entityF1 } from "../metrics/entities.js";
import { labelsOf, requireLabels, type Task } from "./task.js";

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
  evaluate(model, examples, settings) {
    const labels = requireLabels(settings, "tag");
    const predicted = tagWords(
      model,
      examples.map(({ words }) => words),
      { ...settings, labels },
    );
    const right = predicted.flatMap((tags, i) => tags.map((tag, word) => (tag === examples[i]!.tags[word] ? 1 : 0)));
    const score = {
      accuracy: accuracy(
        right,
        right.map(() => 1),
      ),
    };
    if (!marksEntities(labels.names)) return score;
    const { precision, recall, f1 } = entityF1(
      predicted.map((tags) => tags.map((tag) => tag ?? "O")),
      examples.map(({ tags }) => tags),
    );
    return { ...score, precision, recall, f1 };
  },
  baseline: (train, test) => ({ accuracy: mostFrequentTagBaseline(train, test) }),
  decisions: (examples) => examples.reduce((sum, { words }) => sum + words.length, 0),
};
