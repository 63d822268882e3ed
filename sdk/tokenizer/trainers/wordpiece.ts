/** Learn a WordPiece vocabulary from text. */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";
import { bertNormalizer } from "../normalizers/bert.js";
import { bertPreTokenizer } from "../pre-tokenizers/bert.js";
import { BERT_SPECIAL, bertTokenizer } from "../presets.js";
import type { Tokenizer } from "../tokenizer.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { alphabet } from "./alphabet.js";
import { checkTraining } from "./check-training.js";
import { type Trained, type TrainingTexts, withWordCounts } from "./count-words.js";
import { learnMerges, type PieceList } from "./learn-merges.js";

/** Progress of training: reading texts, then learning pieces. */
export interface TrainingProgress {
  readonly phase: "reading" | "learning";
  /** Texts read, or pieces learned. */
  readonly done: number;
  /** Final number of pieces; unknown while reading. */
  readonly total?: number;
}

/** Options that the training of all vocabularies shares. */
export interface TrainingOptions {
  /** Pieces of the vocabulary, special tokens included. */
  readonly size: number;
  /** Smallest count of a pair that is merged. Defaults to 0. */
  readonly minFrequency?: number;
  /** Largest number of single characters to keep, the most frequent ones. */
  readonly limitAlphabet?: number;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
}

/** Options of {@link trainWordPiece}. */
export interface WordPieceTraining extends TrainingOptions {
  /** Lower-case the text and strip accents. Defaults to true. */
  readonly lowercase?: boolean;
  readonly stripAccents?: boolean;
  /** Make every ideograph a separate word. Defaults to true. */
  readonly chineseCharacters?: boolean;
  /** First pieces of the vocabulary. Defaults to BERT's. */
  readonly special?: readonly string[];
}

/**
 * A BERT tokenizer whose pieces are learned from texts; a promise of one where these are an asynchronous stream.
 * Learning blocks its thread; `signal` ends it early, and `onProgress` says how far it is.
 *
 *   trainWordPiece(lines, { size: 8000 })
 *
 * @example
 * trainWordPiece(texts, { size: 60 }).encode("the cat").ids.length; // 4
 */
export function trainWordPiece<Texts extends TrainingTexts>(
  texts: Texts,
  options: WordPieceTraining,
): Trained<Texts, Tokenizer> {
  checkTraining("trainWordPiece", options);
  const {
    size,
    lowercase = true,
    stripAccents = lowercase,
    chineseCharacters = true,
    special = BERT_SPECIAL,
  } = options;
  expect(
    Number.isInteger(size) && size > special.length,
    `trainWordPiece: size must exceed the ${special.length} special tokens, got ${shown(size)}`,
  );
  const normalizer = bertNormalizer({ cleanText: true, chineseCharacters, stripAccents, lowercase });
  const counting = {
    signal: options.signal,
    onText: (done: number) => options.onProgress?.({ phase: "reading", done }),
  };
  return withWordCounts(texts, normalizer, bertPreTokenizer(), counting, (words) => {
    const pieces = learnPieces(words, special, options);
    return bertTokenizer(Vocabulary.of(pieces), { lowercase, stripAccents, chineseCharacters });
  });
}

/** Special tokens, single characters, the same with ##, then the learned pieces. */
function learnPieces(
  words: ReadonlyMap<string, number>,
  special: readonly string[],
  options: WordPieceTraining,
): string[] {
  const list: PieceList = { pieces: [], ids: new Map() };
  const characters = alphabet(words, [], options.limitAlphabet);
  for (const piece of [...special, ...characters]) idOf(list, piece);
  const known = new Set(characters);
  const inside = new Set<string>();
  for (const word of words.keys())
    for (const [i, character] of [...word].entries()) if (i > 0 && known.has(character)) inside.add(character);
  // The reference numbers these in the order of a hash table; here they are in order of code points.
  for (const character of characters) if (inside.has(character)) idOf(list, `##${character}`);

  const symbols: Int32Array[] = [];
  for (const word of words.keys()) {
    const ids: number[] = [];
    [...word].forEach((character, i) => {
      if (known.has(character)) ids.push(idOf(list, i > 0 ? `##${character}` : character));
    });
    symbols.push(Int32Array.from(ids));
  }
  const { minFrequency = 0, onProgress, signal, size } = options;
  learnMerges({ words: symbols, counts: [...words.values()] }, list, {
    size,
    minFrequency,
    join: (left, right) => left + (right.startsWith("##") ? right.slice(2) : right),
    ...(onProgress && { onProgress: (done) => onProgress({ phase: "learning", done, total: size }) }),
    ...(signal && { signal }),
  });
  return list.pieces;
}

function idOf({ pieces, ids }: PieceList, piece: string): number {
  let id = ids.get(piece);
  if (id === undefined) {
    id = pieces.length;
    pieces.push(piece);
    ids.set(piece, id);
  }
  return id;
}
