/** The report of the tour: results in tables and charts. */
import { type Engine, loadModel, loadTokenizer, memoryFiles, type Pretrained } from "cloze";
import { collate, sampleOf } from "cloze/data";
import { standardError } from "cloze/metrics";
import { attentionSection, cosine, planeSection, type Report, type Section } from "cloze/report";
import { embedTexts, hiddenStates, Scope, type Tensor, wordVector } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import { percent } from "../cli/shared/output.js";
import { type FinetuneResult, type Folder, type PretrainResult, RECIPE, type TaskName } from "./jobs.js";

/** The results of one task: the pre-trained network, and the same network from random weights. */
export interface TaskResult {
  readonly name: TaskName;
  readonly pretrained: FinetuneResult;
  readonly scratch: FinetuneResult;
}

export const TITLES: Readonly<Record<TaskName, string>> = {
  sentiment: "sentiment",
  tags: "parts of speech",
  inference: "inference",
  questions: "question answering",
};

/** Header and rows of the table of tasks. */
export function taskTable(results: readonly TaskResult[]): { header: string[]; rows: string[][] } {
  const rows = results.map(({ name, pretrained, scratch }) => {
    const figure = ({ metrics, headline }: FinetuneResult) => metrics[headline]!;
    const baseline = pretrained.baseline[pretrained.headline]!;
    const error = standardError(figure(pretrained), pretrained.decisions);
    const above = (figure(pretrained) - baseline) / error;
    return [
      TITLES[name],
      pretrained.headline,
      percent(figure(pretrained)),
      percent(figure(scratch)),
      percent(baseline),
      `± ${percent(error)}`,
      `${above >= 0 ? "+" : ""}${above.toFixed(1)}`,
    ];
  });
  return {
    header: [
      "task",
      "figure",
      "pre-trained",
      "from scratch",
      "baseline",
      "standard error",
      "above baseline, in errors",
    ],
    rows,
  };
}

/** Ambiguous words, each with sentences for both senses. */
const SENSES: readonly { readonly word: string; readonly sentences: readonly string[] }[] = [
  {
    word: "light",
    sentences: [
      "the light of the sun is bright .",
      "the light from the lamp is weak .",
      "we saw the light of the stars .",
      "the bag is light and easy to carry .",
      "she wore a light coat in summer .",
      "the box was light enough to lift .",
    ],
  },
];

/** Words that should be close to each other, by topic. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  animals: ["cat", "dog", "horse", "bird", "fish", "cow"],
  food: ["bread", "milk", "soup", "cheese", "apple", "salt"],
  water: ["river", "sea", "rain", "snow", "ice", "lake"],
  people: ["mother", "father", "teacher", "doctor", "girl", "boy"],
  verbs: ["walk", "run", "eat", "drink", "read", "write"],
};

function similarity({ model }: Pretrained<"pretraining">, tokenizer: Tokenizer): Section[] {
  return SENSES.map(({ word, sentences }) => {
    const encodings = sentences.map((sentence) => tokenizer.encode(sentence));
    const samples = encodings.map((encoding) => sampleOf(encoding));
    const states = hiddenStates(model, samples);
    const vectors = sentences.map((sentence, i) =>
      wordVector(states[i]!, samples[i]!, sentence.split(" ").indexOf(word)),
    );
    const centre = vectors[0]!.map((_, d) => vectors.reduce((sum, vector) => sum + vector[d]!, 0) / vectors.length);
    const centred = vectors.map((vector) => vector.map((x, d) => x - centre[d]!));
    return {
      kind: "heat",
      title: `“${word}” in different contexts`,
      note: "Cosine between the word's vectors in each pair of sentences, after subtracting their mean. A static embedding would give the same vector everywhere; here the first three sentences mean brightness, the others weight.",
      rows: sentences,
      columns: sentences.map((_, i) => `${i + 1}`),
      values: centred.map((a) => centred.map((b) => cosine(a, b))),
    };
  });
}

function plane({ model }: Pretrained<"pretraining">, tokenizer: Tokenizer): Section {
  const words = Object.entries(GROUPS).flatMap(([group, members]) => members.map((label) => ({ group, label })));
  const vectors = embedTexts(
    model,
    tokenizer,
    words.map(({ label }) => label),
    { mode: "mean", normalize: true },
    RECIPE.maxLength,
  );
  return planeSection(
    "Words on a plane",
    words.map(({ group, label }, i) => ({ group, label, vector: vectors[i]! })),
    "Mean of the last hidden states of each word without context, on their first two principal components.",
  );
}

/** The attention of every layer and head. */
function attentionMap({ model }: Pretrained<"pretraining">, tokenizer: Tokenizer): Section {
  const sentence = "The old man gave his dog a piece of bread.";
  const encoding = tokenizer.encode(sentence);
  const tokens = Array.from(encoding.ids, (id) => tokenizer.token(id)!);
  using _ = new Scope();
  const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
  model.encode(collate([sampleOf(encoding)]), trace);
  const layers = trace.attentions.map(({ data }) => data);
  return attentionSection(`Attention in “${sentence}”`, tokens, layers);
}

/** The results of pre-training, in sentences. */
export function pretrainSummary(result: PretrainResult): string {
  const { loss, unigramEntropy, accuracy, pairAccuracy, targets } = result;
  return `On documents it has never seen, with every chosen token shown as [MASK], the model's loss is ${loss.toFixed(3)} nats over ${targets} targets; their unigram entropy is ${unigramEntropy.toFixed(3)}. It finds ${percent(accuracy)} of the masked tokens at the first guess and judges ${percent(pairAccuracy)} of the sentence pairs rightly.`;
}

export interface Examples {
  readonly masks: readonly { readonly text: string; readonly guesses: string }[];
  readonly question: { readonly question: string; readonly context: string; readonly answer: string };
}

/** All results of the tour as a report. */
export async function tourReport(
  engine: Engine,
  folder: Folder,
  pretrained: PretrainResult,
  tasks: readonly TaskResult[],
  examples: Examples,
): Promise<Report> {
  const files = memoryFiles(folder);
  using loaded = await loadModel(engine, files, { task: "pretraining" });
  const tokenizer = await loadTokenizer(files);
  const curve = (name: string, result: FinetuneResult) => ({
    name,
    points: result.curve.map(({ step, loss }) => ({ x: step, y: loss })),
  });
  return {
    title: "A BERT from text to answers",
    summary: `${pretrained.parameters.toLocaleString("en")} parameters, ${RECIPE.numHiddenLayers} layers of width ${RECIPE.hiddenSize}, trained and used in WebAssembly. One seed; fine-tuning on small sets varies from seed to seed.`,
    sections: [
      { kind: "text", title: "Pre-training", paragraphs: [pretrainSummary(pretrained)] },
      {
        kind: "curves",
        title: "Masked-LM loss while pre-training",
        note: "Running mean over batches of the training text, where some chosen tokens are kept or replaced at random. It jumps where sequences become longer and next-sentence prediction is added.",
        x: "step",
        y: "nats per token",
        curves: [{ name: "training", points: pretrained.curve.map(({ step, loss }) => ({ x: step, y: loss })) }],
        levels: [{ label: "unigram entropy", y: pretrained.unigramEntropy }],
      },
      {
        kind: "table",
        title: "Fine-tuning, on test parts",
        note: "Baselines: majority class; most frequent tag of each word; best fixed span. Scratch: the same network, data and steps from random weights.",
        ...taskTable(tasks),
      },
      ...tasks.map(
        ({ name, pretrained: with_, scratch }): Section => ({
          kind: "curves",
          title: `Loss while fine-tuning: ${TITLES[name]}`,
          x: "step",
          y: "nats",
          curves: [curve("pre-trained", with_), curve("from scratch", scratch)],
        }),
      ),
      {
        kind: "table",
        title: "Filled masks",
        header: ["text", "guesses"],
        rows: examples.masks.map(({ text, guesses }) => [text, guesses]),
      },
      {
        kind: "text",
        title: "A question",
        paragraphs: [examples.question.context, `${examples.question.question} — ${examples.question.answer}`],
      },
      ...similarity(loaded, tokenizer),
      plane(loaded, tokenizer),
      attentionMap(loaded, tokenizer),
    ],
  };
}
