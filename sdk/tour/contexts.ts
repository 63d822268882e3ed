/** One word in many contexts: the vectors of a word with two meanings, in sentences with each of them. */
import { type Engine, loadModel, loadTokenizer } from "cloze";
import { sampleOf } from "cloze/data";
import { type SenseFigures, senseSeparation } from "cloze/metrics";
import { centred } from "cloze/multilingual";
import { cosine } from "cloze/report";
import { hiddenStates, wordVector } from "cloze/tensor";
import { filesAt, type ModelPlace } from "./model-place.js";

interface Word {
  readonly word: string;
  /** sentences by meaning; spaces separate words and punctuation */
  readonly senses: Readonly<Record<string, readonly string[]>>;
}

export const WORDS: readonly Word[] = [
  {
    word: "light",
    senses: {
      brightness: [
        "The light of the sun was very bright .",
        "A weak light came from the lamp in the window .",
        "We saw a light shining through the trees .",
        "The light of the candle fell on her face .",
      ],
      weight: [
        "The bag was light and easy to carry .",
        "She wore a light coat in the summer .",
        "The box was light enough for a child to lift .",
        "He is tall but very light for his age .",
      ],
    },
  },
  {
    word: "spring",
    senses: {
      season: [
        "The flowers come out every spring .",
        "They were married in the spring of that year .",
        "After a long winter spring came at last .",
        "In spring the birds build their nests .",
      ],
      water: [
        "They drank cold water from the spring .",
        "A clear spring rises from the rock .",
        "The water of the spring is good to drink .",
        "She filled her jug at the spring .",
      ],
    },
  },
  {
    word: "kind",
    senses: {
      gentle: [
        "The old man was kind to the children .",
        "It was very kind of you to help me .",
        "She had a kind heart and a soft voice .",
        "He is always kind and patient .",
      ],
      sort: [
        "What kind of book do you want to read ?",
        "I have never seen this kind of bird before .",
        "It was a kind of small boat .",
        "There is only one kind of soup today .",
      ],
    },
  },
];

export interface WordInContexts {
  readonly word: string;
  readonly sentences: readonly string[];
  readonly senses: readonly string[];
  /** cosine of the word's vectors in each pair of sentences, after their mean was subtracted */
  readonly cosines: readonly (readonly number[])[];
  readonly figures: SenseFigures;
  /** the same figures with random weights */
  readonly random: SenseFigures;
}

/** The word's vector in each sentence, minus their mean: only the effect of the context remains. */
async function vectorsIn(engine: Engine, place: ModelPlace, scratch: boolean): Promise<Float64Array[][]> {
  const files = filesAt(place);
  const tokenizer = await loadTokenizer(files);
  using loaded = await loadModel(engine, files, { task: "feature-extraction", scratch, seed: 1 });
  return WORDS.map(({ word, senses }) => {
    const sentences = Object.values(senses).flat();
    const samples = sentences.map((sentence) => sampleOf(tokenizer.encode(sentence)));
    const states = hiddenStates(loaded.model, samples);
    const at = (sentence: string) => sentence.toLowerCase().split(" ").indexOf(word);
    return centred(sentences.map((sentence, i) => wordVector(states[i]!, samples[i]!, at(sentence))));
  });
}

export async function wordsInContexts(engine: Engine, place: ModelPlace): Promise<WordInContexts[]> {
  const trained = await vectorsIn(engine, place, false);
  const random = await vectorsIn(engine, place, true);
  return WORDS.map(({ word, senses }, i) => {
    const names = Object.entries(senses).flatMap(([sense, sentences]) => sentences.map(() => sense));
    return {
      word,
      sentences: Object.values(senses).flat(),
      senses: names,
      cosines: trained[i]!.map((a) => trained[i]!.map((b) => cosine(a, b))),
      figures: senseSeparation(trained[i]!, names),
      random: senseSeparation(random[i]!, names),
    };
  });
}
