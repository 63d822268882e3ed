/** Self-made labels: the corruption and the targets of each pre-training objective. */

import { electraPretraining } from "cloze";
import {
  collate,
  nextSentencePairs,
  type ObjectiveTokenizer,
  parseObjective,
  type Rng,
  type Sample,
  sampleOf,
  seed,
  sentenceOrderPairs,
  tokenizeDocuments,
} from "cloze/data";
import { IGNORE, replaceMasked, Scope } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import { openedModel } from "./opened.js";
import { tokenizerOf } from "./tokens.js";

/** A token that the model sees, and its target. */
export interface Cell {
  readonly token: string;
  /** the target at this position; null if there is none */
  readonly label: string | null;
  /** how the place was changed */
  readonly change: "mask" | "random" | "kept" | "replaced" | "special" | "none";
}

export interface Corrupted {
  readonly source: readonly Cell[];
  /** input and target of the decoder; absent for encoders */
  readonly target?: readonly Cell[];
  /** the answer to a question on two segments: 0 follows or in order, 1 random or swapped */
  readonly pair?: number;
}

export interface CorruptionRequest {
  readonly objective: string;
  readonly text: string;
  readonly seed: number;
  /** share of tokens to choose; null: as published */
  readonly rate: number | null;
}

const MODEL = "cloze-tiny";
const SENTINELS = 100;

/** A vocabulary without sentinels borrows ids after its end, as `cloze corrupt` does. */
function withSentinels(tokenizer: Tokenizer): ObjectiveTokenizer {
  const first = tokenizer.size + SENTINELS - 1;
  const { size, special } = tokenizer;
  const end = special.eos ?? special.sep;
  return {
    size,
    special: { ...special, ...(end !== undefined && { eos: end }) },
    id(token) {
      const number = Number(/^<extra_id_(\d+)>$/.exec(token)?.[1] ?? Number.NaN);
      return tokenizer.id(token) ?? (number < SENTINELS ? first - number : undefined);
    },
    encode: (text, pair, options) => tokenizer.encode(text, pair, options),
    decode: (ids, options) => tokenizer.decode(ids, options),
  };
}

const nameOf = (tokenizer: Tokenizer, id: number): string =>
  tokenizer.token(id) ?? `<extra_id_${tokenizer.size + SENTINELS - 1 - id}>`;

/** How a place with a label was changed: it shows a mask, the token itself, or another one. */
function changeAt(tokenizer: Tokenizer, id: number, label: number): Cell["change"] {
  if (id === tokenizer.special.mask) return "mask";
  return id === label ? "kept" : "random";
}

function cellsOf(tokenizer: Tokenizer, { ids, labels, special }: Sample, isWritten: boolean): Cell[] {
  return Array.from(ids, (id, i) => {
    const label = labels.tokens?.[i] ?? IGNORE;
    const token = nameOf(tokenizer, id);
    if (label === IGNORE) {
      const isSpecial = special[i] === 1 || id >= tokenizer.size;
      return { token, label: null, change: id === tokenizer.special.mask ? "mask" : isSpecial ? "special" : "none" };
    }
    return { token, label: nameOf(tokenizer, label), change: isWritten ? "none" : changeAt(tokenizer, id, label) };
  });
}

/** Sentences of a text, cut after their final mark. */
const sentencesOf = (text: string): string[] =>
  text.split(/(?<=[.!?。！？]["']?)\s*/u).filter((one) => one.trim() !== "");

/** Another document, for the second segments of next-sentence prediction that do not follow. */
const OTHER = [
  "The bakery opens at six in the morning.",
  "A long queue waits in front of the door.",
  "The bread is still warm when they sell it.",
];

const LONGEST = 128;

/** A pair of segments of the reader's sentences, as the objective makes them. */
function pairOf(tokenizer: Tokenizer, name: string, text: string, rng: Rng): Sample {
  const documents = tokenizeDocuments(tokenizer, [sentencesOf(text), OTHER]);
  const options = { tokenizer, maxLength: LONGEST };
  // Their pairs are known by the tokens that the other document does not have.
  const [own, others] = documents.map((sentences) => new Set(sentences.flatMap(({ ids }) => Array.from(ids))));
  const make = name.includes("sentence-order") ? sentenceOrderPairs : nextSentencePairs;
  const pairs = make(documents, options, rng);
  const found = pairs.find(({ ids, special }) =>
    ids.some((id, i) => special[i] === 0 && own!.has(id) && !others!.has(id)),
  );
  if (!found) throw new Error("two sentences are needed at least, each with its full stop");
  return found;
}

/** ELECTRA: cloze-tiny is the generator whose guesses replace the masked tokens. */
async function replaced({ text, seed: seedValue, rate }: CorruptionRequest): Promise<Corrupted> {
  const { loaded, tokenizer } = await openedModel(MODEL, "masked-lm");
  const { corrupt } = electraPretraining({ tokenizer, ...(rate !== null && { maskingRate: rate }) });
  const original = sampleOf(tokenizer.encode(text));
  const batch = collate([corrupt(original, seed(seedValue))]);
  const places = Int32Array.from([...batch.ids.keys()].filter((i) => batch.labels.tokens![i] !== IGNORE));
  using _ = new Scope();
  const shown = replaceMasked(batch, loaded.model.tokenScores(loaded.model.encode(batch), places));
  return {
    source: Array.from(shown.ids, (id, i) => ({
      token: tokenizer.token(id)!,
      label: shown.labels.tokens![i] === 1 ? tokenizer.token(original.ids[i]!)! : null,
      change: shown.labels.tokens![i] === 1 ? "replaced" : original.special[i] === 1 ? "special" : "none",
    })),
  };
}

/** One draw of an objective's corruption. */
export async function corrupted(request: CorruptionRequest): Promise<Corrupted> {
  const { objective, text, seed: seedValue, rate } = request;
  const { main, pairs, name } = parseObjective(objective);
  if (main.kind === "replaced-token-detection") return replaced(request);
  const tokenizer = await tokenizerOf(MODEL);
  const rng = seed(seedValue);
  const made = main.make({
    tokenizer: withSentinels(tokenizer),
    ...(rate !== null && main.masks && { maskingRate: rate }),
  });
  const original = pairs ? pairOf(tokenizer, name, text, rng.fork(1)) : sampleOf(tokenizer.encode(text));
  const sample: Sample = made.corrupt(original, rng.fork(0));
  return {
    source: cellsOf(tokenizer, sample, main.kind === "causal-lm"),
    ...(sample.target && { target: cellsOf(tokenizer, sample.target, true) }),
    ...(pairs && sample.labels.pair !== undefined && { pair: sample.labels.pair }),
  };
}

/** How often each change happens in many draws, as shares of all tokens of the text. */
export async function changeShares(request: CorruptionRequest, draws: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let total = 0;
  for (let draw = 0; draw < draws; draw++) {
    const { source } = await corrupted({ ...request, seed: request.seed + draw });
    for (const { change } of source) {
      if (change === "special") continue;
      counts[change] = (counts[change] ?? 0) + 1;
      total++;
    }
  }
  return Object.fromEntries(Object.entries(counts).map(([change, count]) => [change, count / total]));
}
