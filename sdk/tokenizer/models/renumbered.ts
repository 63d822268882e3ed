import { TokenizerError } from "../errors.js";
import type { Model, Pieces } from "../steps.js";
import type { Vocabulary } from "../vocabulary/vocabulary.js";

/** A model whose pieces have other ids: Marian segments text with a SentencePiece model and takes ids from vocab.json. */
export class Renumbered implements Model {
  /** @param ids by the inner model's id */
  constructor(
    private readonly inner: Model,
    readonly vocabulary: Vocabulary,
    readonly unknown: number,
    private readonly ids: Int32Array,
  ) {}

  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    const first = out.length;
    this.inner.encode(units, start, end, out);
    for (let i = first; i < out.length; i++) out.ids[i] = this.ids[out.ids[i]!]!;
  }

  settings(): never {
    throw new TokenizerError("a tokenizer.json cannot say that the pieces of a SentencePiece model have other ids");
  }

  tables(): never {
    return this.settings();
  }
}
