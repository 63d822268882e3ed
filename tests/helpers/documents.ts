/** Documents of numbered tokens: a token's id tells its document and its position there. */
import type { Sample } from "../../sdk/data/sample.js";
import type { TokenizedDocument } from "../../sdk/objectives/sequences/segment-pairs.js";
import { type Rng, seed } from "../../sdk/tensor/random.js";

export const special = { cls: 2, sep: 3 };
/** What pairs and packing read of a tokenizer. */
export const framed = { special };
const FIRST = 10;

export interface Numbered {
  readonly documents: readonly TokenizedDocument[];
  /** document of a token */
  documentOf(id: number): number;
  /** sentence of a token within its document */
  sentenceOf(id: number): number;
}

/** Tokens are numbered on through all documents; sentences have 1 to `longest` tokens, words 1 or 2 pieces. */
export function numbered(sentences: readonly number[], longest: number, salt = 1): Numbered {
  const rng: Rng = seed(salt);
  const places: [number, number][] = [];
  const documents = sentences.map((count, document) =>
    Array.from({ length: count }, (_, sentence) => {
      const ids = Int32Array.from(
        { length: 1 + rng.integer(longest) },
        () => FIRST + places.push([document, sentence]) - 1,
      );
      return { ids, words: ids.map((_, i) => i >> 1) };
    }),
  );
  return {
    documents,
    documentOf: (id) => places[id - FIRST]![0],
    sentenceOf: (id) => places[id - FIRST]![1],
  };
}

/** Where sentence `sentence` of a document begins and ends among the tokens. */
export function range({ documents }: Numbered, document: number, sentence: number): readonly [number, number] {
  const { ids } = documents[document]![sentence]!;
  return [ids[0]!, ids.at(-1)!];
}

/** Whether numbers follow one another. */
export const consecutive = (ids: readonly number[]): boolean => ids.every((id, i) => i === 0 || id === ids[i - 1]! + 1);

/** The two segments of a pair, without special tokens; throws if the frame is not [CLS] A [SEP] B [SEP]. */
export function segmentsOf(sample: Sample): readonly [number[], number[]] {
  const ids = [...sample.ids];
  const middle = ids.indexOf(special.sep);
  const frame = [ids[0], ids[middle], ids.at(-1)];
  const places = [0, middle, ids.length - 1];
  const wrong =
    `${frame}` !== `${[special.cls, special.sep, special.sep]}` ||
    sample.special.some((is, i) => (is === 1) !== places.includes(i)) ||
    sample.segments.some((segment, i) => segment !== (i <= middle ? 0 : 1)) ||
    sample.words.some((word, i) => word < 0 !== places.includes(i));
  if (wrong)
    throw new Error(`not [CLS] A [SEP] B [SEP]: ${ids}; segments ${sample.segments}; special ${sample.special}`);
  return [ids.slice(1, middle), ids.slice(middle + 1, -1)];
}
