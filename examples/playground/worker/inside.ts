/** A look inside a model: attention, hidden states by layer, words in their sentences, and words on a plane. */
import { collate, type Sample, sampleOf } from "cloze/data";
import { centred, embedLayers } from "cloze/multilingual";
import { cosine, type PlaneSection, planeSection } from "cloze/report";
import { Scope, type Tensor, wordVector } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import { type Opened, openedModel } from "./opened.js";

/** Tokens of a text whose attention is shown: more would be too small to see. */
const LONGEST = 40;

export interface Attention {
  readonly tokens: readonly string[];
  readonly heads: number;
  /** by layer (heads × tokens × tokens): the row reads, the column is read */
  readonly layers: readonly Float32Array[];
}

type Body = Opened<"feature-extraction">;

const sampleIn = ({ tokenizer, loaded }: Body, text: string, longest = loaded.model.maxLength): Sample =>
  sampleOf(tokenizer.encode(text, undefined, { truncate: { length: Math.min(longest, loaded.model.maxLength) } }));

const tokensOf = (tokenizer: Tokenizer, { ids }: Sample): string[] => Array.from(ids, (id) => tokenizer.token(id)!);

export async function attentionOf(model: string, text: string): Promise<Attention> {
  const body = await openedModel(model, "feature-extraction");
  const sample = sampleIn(body, text, LONGEST);
  using _ = new Scope();
  const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
  body.loaded.model.encode(collate([sample]), trace);
  const layers = trace.attentions.map(({ data }) => Float32Array.from(data));
  const { length } = sample.ids;
  return { tokens: tokensOf(body.tokenizer, sample), heads: layers[0]!.length / length ** 2, layers };
}

/** Hidden states (tokens × width) of a text: the embeddings first, then those of each layer. */
function hiddenByLayer({ loaded }: Body, sample: Sample): Float32Array[] {
  using _ = new Scope();
  const hidden: Tensor[] = [];
  loaded.model.encode(collate([sample]), { hidden });
  return hidden.map(({ data }) => Float32Array.from(data));
}

export interface Hidden {
  readonly tokens: readonly string[];
  readonly width: number;
  /** by layer, the embeddings first (tokens × width) */
  readonly layers: readonly Float32Array[];
  /** by layer, the embeddings first: cosine of each token's state with its own in the embeddings */
  readonly kept: readonly (readonly number[])[];
}

/** The hidden states of a text, and how much of each token's embedding is left in them. */
export async function hiddenOf(model: string, text: string): Promise<Hidden> {
  const body = await openedModel(model, "feature-extraction");
  const sample = sampleIn(body, text, LONGEST);
  const layers = hiddenByLayer(body, sample);
  const tokens = tokensOf(body.tokenizer, sample);
  const width = layers[0]!.length / tokens.length;
  const rowOf = (states: Float32Array, token: number) => states.subarray(token * width, (token + 1) * width);
  const kept = layers.map((states) => tokens.map((_, token) => cosine(rowOf(states, token), rowOf(layers[0]!, token))));
  return { tokens, width, layers, kept };
}

export interface WordInSentences {
  readonly sentences: readonly string[];
  /** by layer, the embeddings first: cosines of the word's vectors in every two sentences, their mean subtracted */
  readonly layers: readonly (readonly (readonly number[])[])[];
}

const escaped = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** The index of a word in a text: that of the token at its first place. */
function wordAt({ tokenizer }: Body, sentence: string, word: string): number {
  const at = sentence.toLowerCase().search(new RegExp(`(?<!\\p{L})${escaped(word.toLowerCase())}(?!\\p{L})`, "u"));
  const { offsets, words, special } = tokenizer.encode(sentence);
  const token = words.findIndex((_, i) => special[i] === 0 && offsets[2 * i]! <= at && at < offsets[2 * i + 1]!);
  if (at < 0 || token < 0) throw new Error(`the word “${word}” is not in the sentence “${sentence}”`);
  return words[token]!;
}

/** One word in several sentences, compared with itself. */
export async function wordInSentences(
  model: string,
  word: string,
  sentences: readonly string[],
): Promise<WordInSentences> {
  const body = await openedModel(model, "feature-extraction");
  const byLayer: Float32Array[][] = [];
  for (const sentence of sentences) {
    const sample = sampleIn(body, sentence);
    const index = wordAt(body, sentence, word);
    for (const [layer, states] of hiddenByLayer(body, sample).entries())
      (byLayer[layer] ??= []).push(wordVector(states, sample, index));
  }
  const layers = byLayer.map((vectors) => {
    // What the word has in common in all sentences is taken away: the contexts remain. In the embeddings nothing does.
    const rest = centred(vectors);
    return rest.map((a) => rest.map((b) => (a.some((x) => Math.abs(x) > 1e-6) ? cosine(a, b) : 1)));
  });
  return { sentences, layers };
}

export interface Planes {
  /** by layer, the embeddings first */
  readonly layers: readonly Pick<PlaneSection, "points" | "separation" | "kept">[];
}

/** Words or sentences in named groups on a plane: one line a group, `name: text, text` or `name: text | text`. */
export async function planesOf(model: string, lines: string): Promise<Planes> {
  const body = await openedModel(model, "feature-extraction");
  const points = lines.split("\n").flatMap((line) => {
    const [, group, rest] = /^\s*([^:：]+)[:：](.*)$/u.exec(line) ?? [];
    if (group === undefined) return [];
    const members = rest!.split(rest!.includes("|") ? "|" : /[,，、]/u);
    return members.map((label) => ({ group: group.trim(), label: label.trim() })).filter(({ label }) => label !== "");
  });
  if (points.length < 3) throw new Error("the groups need three words at least");
  const samples = points.map(({ label }) => sampleIn(body, label));
  const layers = embedLayers(body.loaded.model, samples, { mode: "mean", normalize: true }, { special: false });
  return {
    layers: layers.map((vectors) =>
      planeSection(
        "plane",
        points.map((point, i) => ({ ...point, vector: vectors[i]! })),
      ),
    ),
  };
}
