/** WordLevel: a word is a token or unknown. */
import { expect } from "../errors.js";
import type { Model, Pieces } from "../steps.js";
import { type Vocabulary, vocabularyJSON } from "../vocabulary/vocabulary.js";

export class WordLevel implements Model {
  readonly unknown: number;

  constructor(
    readonly vocabulary: Vocabulary,
    readonly unknownToken: string,
  ) {
    this.unknown = vocabulary.find(unknownToken);
  }

  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    const id = this.vocabulary.idOf(units, start, end);
    expect(
      id >= 0 || this.unknown >= 0,
      `WordLevel: the unknown token ${this.unknownToken} is missing from the vocabulary`,
    );
    out.push(id >= 0 ? id : this.unknown, 0, end - start);
  }

  settings(): Record<string, unknown> {
    return { type: "WordLevel", unk_token: this.unknownToken };
  }

  tables(): Record<string, unknown> {
    return { vocab: vocabularyJSON(this.vocabulary) };
  }
}
