/** The live part of the tour: a small BERT is pre-trained from scratch. */
import {
  adamW,
  combine,
  freshConfig,
  freshModel,
  type HeadObjective,
  type LmHead,
  linearSchedule,
  type Model,
  maskedLm,
  memoryFiles,
  nextSentencePrediction,
  type Stage,
  saveModel,
  single,
  trainInStages,
  type Weights,
} from "cloze";
import { type Arrangement, pretrainingSamples, type Sample, tokenizeDocuments } from "cloze/data";
import { type HeldOutFigures, maskedHeldOut, pairAccuracy } from "cloze/metrics";
import { type CurveLine, stepLine, writeCurves } from "cloze/report";
import { repeatPositions } from "cloze/tensor";
import { readTokenizerJson, type Tokenizer } from "cloze/tokenizer";
import { createEngine } from "../cli/shared/turbo.js";
import type { Text } from "./embedded-corpus.js";
import type { FolderFiles } from "./model-place.js";
import { pretrainingSteps, type Recipe } from "./recipe.js";

export interface PretrainJob {
  readonly kind: "pretrain";
  readonly recipe: Recipe;
  /** tokenizer.json */
  readonly tokenizer: string;
  readonly text: Text;
  /** more documents for masked LM, whose sentences are in no order */
  readonly extra: string[][];
}

export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
}

export interface PretrainResult extends HeldOutFigures {
  readonly folder: FolderFiles;
  /** running mean over batches of the training text */
  readonly curve: readonly CurvePoint[];
  /** loss on the held-out documents while training */
  readonly heldOutCurve: readonly CurvePoint[];
  readonly pairAccuracy: number;
  readonly parameters: number;
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** @param done share of the job, from 0 to 1 */
export type Follow = (done: number, note: string) => void;

/** A running mean for the curve: losses of single batches are noisy. */
export function smoother(): (step: number, loss: number) => CurvePoint {
  let mean: number | null = null;
  return (step, loss) => {
    mean = mean === null ? loss : 0.95 * mean + 0.05 * loss;
    return { step, loss: mean };
  };
}

/** Masked LM on short sequences, then masked LM and next-sentence prediction on longer pairs. */
function stagesOf(
  { recipe, text, extra }: PretrainJob,
  tokenizer: Tokenizer,
  masked: HeadObjective<LmHead>,
  weights: Weights,
): Stage<Model<"pretraining">>[] {
  const { short, long } = recipe.pretrain;
  const sequences = { tokenizer, seed: recipe.seed };
  const documents = tokenizeDocuments(tokenizer, [...text.training, ...extra]);
  return [
    {
      until: short.steps,
      objective: single(masked),
      samples: pretrainingSamples(documents, "sentences", { ...sequences, maxLength: short.maxLength }),
    },
    {
      until: short.steps + long.steps,
      objective: combine(masked, nextSentencePrediction()),
      samples: pretrainingSamples(tokenizeDocuments(tokenizer, text.training), "next-sentence-prediction", {
        ...sequences,
        maxLength: long.maxLength,
      }),
      enter: () => repeatPositions(weights, short.maxLength),
    },
  ];
}

/** Held-out documents, masked as published, with [MASK] at every selected position. */
function heldOutFigures({ recipe, text }: PretrainJob, tokenizer: Tokenizer) {
  const documents = tokenizeDocuments(tokenizer, text.heldOut);
  const sequences = { maxLength: recipe.pretrain.long.maxLength, tokenizer, seed: recipe.seed };
  const samples = (arrangement: Arrangement): Sample[] => [...pretrainingSamples(documents, arrangement, sequences)(0)];
  const [texts, pairs] = [samples("sentences"), samples("next-sentence-prediction")];
  const masking = { tokenizer, maskingRate: 0.15 };
  return {
    /** a quick estimate: every sequence masked once */
    loss: (model: Model<"pretraining">) => maskedHeldOut(model, texts, masking, recipe.seed, 1).loss,
    final: (model: Model<"pretraining">) => ({
      ...maskedHeldOut(model, texts, masking),
      pairAccuracy: pairAccuracy(model, pairs),
    }),
  };
}

const heldOutLine = ({ step, loss }: CurvePoint): CurveLine => ({
  ...{ kind: "evaluation", part: "held-out", step },
  figures: { held_out_loss: loss },
});

/** The figures of the saved model, under the names that `cloze pretrain` uses. */
const finalLine = (step: number, figures: HeldOutFigures & { readonly pairAccuracy: number }): CurveLine => ({
  ...{ kind: "evaluation", part: "held-out", step, final: true },
  figures: {
    held_out_loss: figures.loss,
    unigram_entropy: figures.unigramEntropy,
    masked_accuracy: figures.accuracy,
    targets: figures.targets,
    pair_accuracy: figures.pairAccuracy,
  },
});

export async function pretrain(job: PretrainJob, follow: Follow): Promise<PretrainResult> {
  const { recipe } = job;
  const { learningRate, maskingRate, heldOutEvery } = recipe.pretrain;
  const started = performance.now();
  const tokenizer = readTokenizerJson(job.tokenizer);
  using engine = await createEngine({}, undefined);
  const config = freshConfig("bert", {
    ...recipe.network,
    vocabSize: tokenizer.size,
    maxPositionEmbeddings: recipe.maxLength,
  });
  const loaded = freshModel(engine, config, "pretraining", recipe.seed);
  using optimizer = adamW(loaded.weights, { weightDecay: 0.01 });
  const steps = pretrainingSteps(recipe);
  const figures = heldOutFigures(job, tokenizer);
  const curve: CurvePoint[] = [];
  const heldOutCurve: CurvePoint[] = [{ step: 0, loss: figures.loss(loaded.model) }];
  /** every step, for `cloze report` on the folder */
  const lines: CurveLine[] = heldOutCurve.map(heldOutLine);
  let tokens = 0;
  const smooth = smoother();
  const masked = maskedLm({ tokenizer, maskingRate });
  for await (const step of trainInStages(stagesOf(job, tokenizer, masked, loaded.weights), {
    engine,
    model: loaded.model,
    optimizer,
    learningRate: linearSchedule(learningRate, Math.ceil(steps / 10), steps),
    batchSize: recipe.batchSize,
    seed: recipe.seed,
  })) {
    tokens += step.tokens;
    const point = smooth(step.step, step.parts["masked-lm"]!);
    if (step.step % 10 === 0) curve.push(point);
    lines.push(stepLine(step));
    if (step.step % heldOutEvery === 0) {
      const here = { step: step.step, loss: figures.loss(loaded.model) };
      heldOutCurve.push(here);
      lines.push(heldOutLine(here));
    }
    if (step.step % 5 === 0) follow(step.step / steps, `masked-LM loss ${point.loss.toFixed(2)}`);
  }
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, maxLength: recipe.maxLength });
  const final = figures.final(loaded.model);
  await files.write("curves.jsonl", new TextEncoder().encode(writeCurves([...lines, finalLine(steps, final)])));
  return {
    folder: [...files.files],
    curve,
    heldOutCurve,
    parameters: loaded.weights.count,
    steps,
    tokens,
    seconds: (performance.now() - started) / 1000,
    ...final,
  };
}
