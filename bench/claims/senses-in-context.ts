/** One word, several senses: do its vectors in different sentences separate by sense? */
import { readdirSync } from "node:fs";
import { loadModel, loadTokenizer } from "cloze";
import { type Sample, sampleOf, seed as seedOf, shuffle } from "cloze/data";
import { senseSeparation, summarize } from "cloze/metrics";
import { folder } from "cloze/node";
import { atLayers, hiddenStates, wordVector } from "cloze/tensor";
import { aboveZero, type Claim, over, shown } from "./harness/claim.js";
import { textOf } from "./shared/files.js";

const [FOLDER, SENTENCES, LENGTH] = ["coarsewsd20-noncommercial", 80, 128];

interface Use {
  readonly sample: Sample;
  readonly position: number;
  readonly sense: string;
}

/** Whether at least two senses were drawn at least twice: "pitcher" has one sense in all its sentences but one. */
function areSeveral(uses: readonly Use[]): boolean {
  const counts = new Map<string, number>();
  for (const { sense } of uses) counts.set(sense, (counts.get(sense) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1).length > 1;
}

export const sensesInContext: Claim = {
  name: "senses-in-context",
  claim: "the vectors of a word in different sentences cluster by sense; with random weights they do not",
  source: "lecture on contextual embeddings; Wiedemann et al. 2019, arXiv:1909.10430",
  published: "direction only: the senses of a word form clusters in BERT's upper layers",
  bar: "over the 20 words, except those with one sense in the draw, nearest-neighbor accuracy of the sense at least 5 points above the same network with random weights, interval over the words above 0 with every seed; mean cosine within senses minus that between senses larger than with random weights",
  setUp: { sentences: SENTENCES, layers: "last", data: "CoarseWSD-20, test parts", senses: "two, each twice" },
  seeds: [1, 2, 3],
  needs: ["model", FOLDER],
  minutes: 5,
  async run(context, seed) {
    const files = folder(context.settings.model);
    const tokenizer = await loadTokenizer(files);
    const names = readdirSync(context.data(FOLDER))
      .filter((name) => name.endsWith("-test.tsv"))
      .sort();
    const drawn = names.slice(0, context.few(20, 2)).map((name) => {
      const lines = textOf(context.data(`${FOLDER}/${name}`))
        .trim()
        .split("\n")
        .slice(1);
      return shuffle(lines, seedOf(seed))
        .slice(0, context.few(SENTENCES, 12))
        .flatMap((line): Use[] => {
          const [position, sense, text] = line.split("\t");
          const tokens = text!.split(" ");
          const sample = sampleOf(tokenizer.encode(tokens, undefined, { truncate: { length: LENGTH } }));
          return sample.words.includes(Number(position)) ? [{ sample, position: Number(position), sense: sense! }] : [];
        });
    });
    const words = drawn.filter(areSeveral);
    using engine = await context.engine();
    const figuresOf = async (scratch: boolean) => {
      using loaded = await loadModel(engine, files, { task: "feature-extraction", scratch, seed });
      return words.map((uses) => {
        const states = hiddenStates(
          atLayers(loaded.model, [-1]),
          uses.map(({ sample }) => sample),
        );
        const vectors = uses.map(({ sample, position }, i) => wordVector(states[i]!, sample, position));
        return senseSeparation(
          vectors,
          uses.map(({ sense }) => sense),
        );
      });
    };
    const [trained, random] = [await figuresOf(false), await figuresOf(true)];
    const difference = summarize(trained.map(({ accuracy }, i) => 100 * (accuracy - random[i]!.accuracy)));
    const mean = (of: readonly number[]) => summarize(of).mean;
    return {
      accuracy: 100 * mean(trained.map(({ accuracy }) => accuracy)),
      random_accuracy: 100 * mean(random.map(({ accuracy }) => accuracy)),
      difference: difference.mean,
      difference_low: difference.interval[0],
      gap: mean(trained.map(({ within, between }) => within - between)),
      random_gap: mean(random.map(({ within, between }) => within - between)),
      words: words.length,
      uses: words.flat().length,
    };
  },
  judge(results) {
    const difference = over(results, "difference");
    const every = results.every((one) => one["difference_low"]! > 0 && one["gap"]! > one["random_gap"]!);
    return {
      holds: difference.mean >= 5 && every && aboveZero(difference),
      ours: `${shown(over(results, "accuracy"))} % against ${shown(over(results, "random_accuracy"))} % with random weights; cosine within minus between senses ${shown(over(results, "gap"), 3)} against ${shown(over(results, "random_gap"), 3)}`,
    };
  },
};
