/**
 * Byte-pair training (Sennrich, Haddow & Birch 2016, arXiv:1508.07909): merge the most frequent adjacent pair, until
 * the vocabulary is full. WordPiece vocabularies are learned in the same way, over ## pieces.
 *
 * Ties go to the smaller ids, the left one first. As in the reference, an entry of the queue has the words that
 * contained its pair when it was queued, and a pair that arises again, because the same piece was formed in a second way,
 * gets another entry.
 */
import { PairTable } from "./pair-table.js";

/** Words as symbols, and how often each word occurs. Words are changed as pairs are joined. */
export interface SymbolWords {
  readonly words: Int32Array[];
  readonly counts: readonly number[];
}

/** Pieces by id and ids by piece; grows during training. */
export interface PieceList {
  readonly pieces: string[];
  readonly ids: Map<string, number>;
}

export interface MergeOptions {
  /** Number of pieces at which to stop. */
  readonly size: number;
  /** Merge no pair that occurs less often. */
  readonly minFrequency: number;
  /** The text of two merged pieces. */
  readonly join: (left: string, right: string) => string;
  /** Longest piece, in characters. */
  readonly longest?: number;
  /** Called from time to time with the number of pieces learned so far. */
  readonly onProgress?: (pieces: number) => void;
  readonly signal?: AbortSignal;
}

/** Pair `index` of the table, `count` of them when queued, in the words `places`. */
interface Candidate {
  readonly left: number;
  readonly right: number;
  readonly index: number;
  count: number;
  readonly places: readonly number[];
}

/** Learn merges as [left id, right id], in order. */
export function learnMerges(corpus: SymbolWords, list: PieceList, options: MergeOptions): [number, number][] {
  const { pieces, ids } = list;
  const lengths = pieces.map((piece) => [...piece].length);
  const longest = options.longest ?? Number.POSITIVE_INFINITY;
  const pairs = new PairTable();
  const queue = new Queue();
  for (const [index, places] of countPairs(corpus, pairs)) queue.push(candidate(pairs, index, places));

  const merges: [number, number][] = [];
  while (ids.size < options.size) {
    const top = queue.pop();
    if (top === undefined) break;
    const now = pairs.counts[top.index]!;
    if (top.count !== now) {
      top.count = now;
      queue.push(top);
      continue;
    }
    if (top.count < 1 || top.count < options.minFrequency) break;

    const piece = options.join(pieces[top.left]!, pieces[top.right]!);
    const length = [...piece].length;
    if (length > longest) continue;
    let id = ids.get(piece);
    if (id === undefined) {
      id = pieces.length;
      pieces.push(piece);
      ids.set(piece, id);
      lengths.push(length);
    }
    merges.push([top.left, top.right]);
    for (const [index, places] of joinEverywhere(corpus, pairs, top, id))
      if (pairs.counts[index]! > 0) queue.push(candidate(pairs, index, places));
    if (merges.length % 256 === 0) {
      options.signal?.throwIfAborted();
      options.onProgress?.(ids.size);
    }
  }
  options.onProgress?.(ids.size);
  return merges;
}

function candidate(pairs: PairTable, index: number, places: readonly number[]): Candidate {
  return { left: pairs.left(index), right: pairs.right(index), index, count: pairs.counts[index]!, places };
}

function countPairs({ words, counts }: SymbolWords, pairs: PairTable): Map<number, number[]> {
  const places = new Map<number, number[]>();
  words.forEach((word, at) => {
    for (let i = 0; i + 1 < word.length; i++) {
      const index = pairs.index(word[i]!, word[i + 1]!);
      pairs.counts[index]! += counts[at]!;
      note(places, index, at);
    }
  });
  return places;
}

/** Remember that a pair occurs in a word. Words come in order, so a repetition is the last entry. */
function note(places: Map<number, number[]>, index: number, word: number): void {
  const list = places.get(index);
  if (list === undefined) places.set(index, [word]);
  else if (list[list.length - 1] !== word) list.push(word);
}

/** Replace the pair by `id` in all its words. Returns the pairs that arose, with the words they arose in. */
function joinEverywhere(
  corpus: SymbolWords,
  pairs: PairTable,
  { left, right, places }: Candidate,
  id: number,
): Map<number, number[]> {
  const arisen = new Map<number, number[]>();
  const change = (a: number, b: number, count: number, at: number): void => {
    const index = pairs.index(a, b);
    pairs.counts[index]! += count;
    if (count > 0) note(arisen, index, at);
  };
  for (const at of places) {
    const word = corpus.words[at]!;
    const count = corpus.counts[at]!;
    let out = 0;
    for (let i = 0; i < word.length; i++) {
      if (word[i] !== left || i + 1 >= word.length || word[i + 1] !== right) {
        word[out++] = word[i]!;
        continue;
      }
      if (out > 0) {
        change(word[out - 1]!, left, -count, at);
        change(word[out - 1]!, id, count, at);
      }
      word[out++] = id;
      i++;
      if (i + 1 < word.length) {
        change(right, word[i + 1]!, -count, at);
        change(id, word[i + 1]!, count, at);
      }
    }
    if (out < word.length) corpus.words[at] = word.subarray(0, out);
  }
  return arisen;
}

/** A binary heap: the highest count first, then the smaller ids. */
class Queue {
  private readonly heap: Candidate[] = [];

  push(entry: Candidate): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  pop(): Candidate | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function before(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.left !== b.left ? a.left < b.left : a.right < b.right;
}
