/** The trained models in use: masks, a question, words in contexts, search, corruptions, attention. */
import type { Engine } from "cloze";
import { loadTokenizer } from "cloze";
import type { Question } from "cloze/data";
import { wordsInContexts } from "./contexts.js";
import { corruptions } from "./corruptions.js";
import type { Labelled, Text } from "./embedded-corpus.js";
import { armsOf, type Results, type TaskResult } from "./experiment.js";
import type { Names } from "./findings.js";
import { insideSections } from "./inside.js";
import { answered, filledMasks } from "./masks-and-questions.js";
import { filesAt, type ModelPlace, type PretrainedModel, SENTENCE_ENCODER } from "./model-place.js";
import type { ArmName, Recipe } from "./recipe.js";
import { search } from "./search.js";
import type { Exhibits } from "./tour.js";

export interface UseOptions {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly results: Results;
  readonly model: PretrainedModel;
  readonly data: Labelled;
  readonly text: Text;
  readonly names: Names;
}

/** The first test question that the pre-trained network answers exactly, or else the first question. */
function shownQuestion({ arms }: TaskResult, { test }: Labelled["questions"]): Question {
  return test[Math.max(0, arms.pretrained.scores.indexOf(1))]!;
}

export async function useModels(options: UseOptions): Promise<Exhibits> {
  const { engine, recipe, results, model, data, text, names } = options;
  const place: ModelPlace = { path: model.path };
  const small: ModelPlace = { files: results.pretrained.folder };
  const questions = results.tasks.find(({ name }) => name === "questions")!;
  const readers = armsOf(questions).map(([arm, { folder }]): readonly [ArmName, ModelPlace] => [
    arm,
    { files: folder! },
  ]);
  return {
    masks: [
      { name: names.pretrained, filled: await filledMasks(engine, place) },
      { name: names.brief, filled: await filledMasks(engine, small) },
    ],
    question: await answered(engine, shownQuestion(questions, data.questions), readers),
    words: await wordsInContexts(engine, place),
    search: await search(engine, {
      ...{ encoder: SENTENCE_ENCODER, pretrained: place },
      ...{ sentences: text.heldOut.flat(), pairs: data.inference.test },
    }),
    corruptions: corruptions(await loadTokenizer(filesAt(place)), recipe.seed),
    inside: await insideSections(engine, place),
  };
}
