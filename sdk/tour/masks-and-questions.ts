/** The trained models in use: masks filled, and a question answered from its context. */
import { type Engine, fillMask, questionAnswering } from "cloze";
import type { Question } from "cloze/data";
import { squadScore } from "cloze/metrics";
import { filesAt, type ModelPlace } from "./model-place.js";
import type { ArmName } from "./recipe.js";

/** Sentences with a mask, each with words that fit. Chosen before cloze-tiny was trained. */
const MASKED: readonly (readonly [text: string, fitting: string])[] = [
  ["She drank a cup of [MASK].", "tea coffee milk water wine chocolate"],
  ["He opened the [MASK] and walked into the room.", "door gate"],
  ["He shook his [MASK] and said nothing.", "head"],
  ["I don't know [MASK] to do.", "what how"],
  ["He was twenty [MASK] old.", "years"],
];

export interface FilledMask {
  readonly text: string;
  /** the three most likely words, their probabilities, and whether each is among those that fit */
  readonly guesses: readonly { readonly word: string; readonly score: number; readonly fits: boolean }[];
}

/** The masks, filled by a masked language model. */
export async function filledMasks(engine: Engine, place: ModelPlace): Promise<FilledMask[]> {
  using fill = await fillMask(filesAt(place), { engine, topK: 3 });
  return MASKED.map(([text, fitting]) => {
    const guesses = fill(text).map(({ token_str, score }) => ({
      ...{ word: token_str, score },
      fits: fitting.split(" ").includes(token_str.toLowerCase()),
    }));
    return { text, guesses };
  });
}

export interface Answered {
  readonly question: string;
  readonly context: string;
  readonly accepted: string;
  readonly answers: readonly {
    readonly arm: ArmName;
    readonly answer: string;
    readonly start: number;
    readonly end: number;
    readonly right: boolean;
  }[];
}

/** One question of the test part, answered by each fine-tuned network. */
export async function answered(
  engine: Engine,
  { question, context, answers }: Question,
  places: readonly (readonly [ArmName, ModelPlace])[],
): Promise<Answered> {
  const accepted = answers.map(({ text }) => text);
  const given: Answered["answers"][number][] = [];
  for (const [arm, place] of places) {
    using answer = await questionAnswering(filesAt(place), { engine });
    const { answer: said, start, end } = answer({ question, context });
    given.push({ arm, answer: said, start, end, right: squadScore(said, accepted).exactMatch === 1 });
  }
  return { question, context, accepted: accepted[0]!, answers: given };
}
