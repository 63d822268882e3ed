/**
 * Pre-training in a worker: a run that can be paused, kept in the browser's storage, and continued with the same bits after
 * the page was closed.
 */
import {
  adamW,
  Engine,
  type Files,
  linearSchedule,
  loadTokenizer,
  memoryFiles,
  type Optimizer,
  readCheckpoint,
  type Step,
  writeCheckpoint,
} from "cloze";
import { parseObjective, readDocuments, type TokenizedDocument, textSource, tokenizeDocuments } from "cloze/data";
import { familyOf } from "cloze/tensor";
import { readTokenizerJson, type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "cloze/tokenizer";
import { modelFiles } from "../model-files.js";
import type { Plan } from "../plan.js";
import { drop, readKept, shelve } from "../store.js";
import { type Recipe, recipeOf, type Setting } from "./recipe.js";
import { KEPT, type KeptRun, type RunEnd, type RunEvent, RunRecord, type RunRequest } from "./run-record.js";
import { hashWeights } from "./weights-hash.js";

/** Every how many documents one is held out, as `cloze pretrain` does. */
const HELD_OUT = 20;
/** Held-out tokens that are scored: enough for a smooth curve, and a small part of the time. */
const SCORED = 1500;

export const dropRun = (): Promise<void> => drop(KEPT);

/** Continue the run that was interrupted. */
export async function resume(tell: (event: RunEvent) => void): Promise<RunEnd> {
  const kept = await readKept<KeptRun>(KEPT);
  if (!kept) throw new Error("no run was interrupted here");
  return train(kept, kept, tell);
}

/** Train a new model. */
export function pretrain(request: RunRequest, tell: (event: RunEvent) => void): Promise<RunEnd> {
  return train(request, undefined, tell);
}

/** WordPiece, byte-level BPE or Unigram, as the objective's family publishes them. */
function learnVocabulary({ objective, vocabulary: size }: Plan, texts: readonly string[]): Tokenizer {
  const { family } = parseObjective(objective).main;
  const { algorithm, special, uncased: lowercase } = familyOf({ model_type: family }).vocabulary;
  const options = { size, ...(special && { special }) };
  if (algorithm === "wordpiece") return trainWordPiece(texts, { ...options, lowercase });
  if (algorithm === "byte-level-bpe") return trainBpe(texts, options);
  return trainUnigram(texts, { ...options, lowercase });
}

/** That of the interrupted run, of the model that the run starts from, or a new one. */
async function tokenizerOf(plan: Plan, kept: KeptRun | undefined, files: Files | null, texts: readonly string[]) {
  if (kept) return readTokenizerJson(kept.tokenizer);
  return files ? loadTokenizer(files) : learnVocabulary(plan, texts);
}

let pausing = false;

/** Stop the run that is under way after its next step, and keep it. */
export function pause(): void {
  pausing = true;
}

const settingsOf = ({ plan }: RunRequest) => ({ plan: JSON.stringify(plan) });

/** A model that learns: the one of the run, or the one beside it. */
interface Arm extends Disposable {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly optimizer: Optimizer;
  readonly from: { readonly step: number } | undefined;
  readonly steps: AsyncGenerator<Step>;
  checkpoint(position: Step): Uint8Array;
}

async function armOf(
  request: RunRequest,
  setting: Omit<Setting, "engine">,
  checkpoint: Uint8Array | null | undefined,
): Promise<Arm> {
  const engine = await Engine.create({ build: "strict" });
  try {
    const { plan } = request;
    const recipe = await recipeOf({ ...setting, engine });
    const optimizer = adamW(recipe.weights, { weightDecay: 0.01 });
    const from = checkpoint ? readCheckpoint(checkpoint, optimizer, settingsOf(request)) : undefined;
    const learningRate = linearSchedule(plan.learningRate, Math.ceil(plan.steps / 10), plan.steps);
    const { batchSize, seed } = plan;
    const steps = recipe.run({
      ...{ engine, optimizer, learningRate, batchSize, seed, maxGradNorm: 1 },
      ...(from && { from }),
    });
    return {
      ...{ engine, recipe, optimizer, from, steps },
      checkpoint: (position) => writeCheckpoint(optimizer, position, settingsOf(request)),
      // All weights, moments and activations are in its memory.
      [Symbol.dispose]: () => engine.dispose(),
    };
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

/** The documents to learn from, and those that are held out. */
async function documentsOf(text: string) {
  const documents: string[][] = [];
  for await (const document of readDocuments(textSource("the text", text))) documents.push(document);
  const isHeld = (i: number): boolean => documents.length >= HELD_OUT && i % HELD_OUT === 0;
  return { training: documents.filter((_, i) => !isHeld(i)), held: documents.filter((_, i) => isHeld(i)) };
}

/** The first documents, of as many tokens as are scored. */
function beginningOf(documents: readonly TokenizedDocument[]): TokenizedDocument[] {
  const part: TokenizedDocument[] = [];
  let tokens = 0;
  for (const document of documents) {
    if (tokens >= SCORED) break;
    part.push(document);
    tokens += document.reduce((sum, { ids }) => sum + ids.length, 0);
  }
  return part;
}

async function train(request: RunRequest, kept: KeptRun | undefined, tell: (event: RunEvent) => void): Promise<RunEnd> {
  pausing = false;
  const { plan } = request;
  const record = new RunRecord(request, kept, tell);
  const files = plan.from === null ? null : await modelFiles(plan.from);
  const texts = await documentsOf(request.text);
  tell({ kind: "preparing", part: "vocabulary" });
  const tokenizer = await tokenizerOf(plan, kept, files, texts.training.flat());
  tell({ kind: "preparing", part: "model" });
  const training = tokenizeDocuments(tokenizer, texts.training);
  if (training.length === 0) throw new Error("the text has no sentence to learn from");
  const held = beginningOf(tokenizeDocuments(tokenizer, texts.held));
  const setting = { plan, tokenizer, training, held };
  using arm = await armOf(request, { ...setting, start: files && { files, isScratch: false } }, kept?.checkpoint);
  using beside =
    files && request.withScratch
      ? await armOf(request, { ...setting, start: { files, isScratch: true } }, kept?.besideCheckpoint)
      : null;
  const { engine, recipe, optimizer, from } = arm;
  const parameters = recipe.weights.count;
  const tokens = training.flat().reduce((sum, { ids }) => sum + ids.length, 0);
  tell({ kind: "ready", parameters, step: from?.step ?? 0, tokens });
  const json = JSON.stringify(tokenizer.toJSON());
  const evaluate = (step: number): void => {
    if (held.length > 0) record.evaluate(recipe, beside?.recipe ?? null, step);
  };
  evaluate(from?.step ?? 0);
  for await (const step of arm.steps) {
    const other = await beside?.steps.next();
    record.after(step, engine.liveBytes + (beside?.engine.liveBytes ?? 0));
    evaluate(step.step);
    if (step.step === plan.steps) break;
    if (pausing || record.isKeepingDue) {
      const besideCheckpoint = beside?.checkpoint(other!.value as Step) ?? null;
      await record.keep({
        ...{ tokenizer: json, checkpoint: arm.checkpoint(step), besideCheckpoint, step: step.step, parameters },
      });
    }
    if (pausing) return { kind: "paused", step: step.step };
  }
  const hash = await hashWeights(optimizer);
  const saved = memoryFiles();
  await recipe.save(saved);
  const id = `${hash.slice(0, 16)}-${plan.objective}`;
  await shelve({ id, name: request.name, task: recipe.task, parameters, hash, made: Date.now() }, [...saved.files]);
  await dropRun();
  return { kind: "complete", step: plan.steps, hash, model: id };
}
