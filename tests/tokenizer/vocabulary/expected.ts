/** The definition of a vocabulary, for tests: a list of entries that is searched from the end. */
import * as assert from "uvu/assert";
import type { Vocabulary } from "../../../sdk/tokenizer/vocabulary/vocabulary.js";

export class ExpectedVocabulary {
  private readonly entries: { piece: string; id: number }[] = [];

  add(piece: string, id: number): void {
    const before = this.entries.findIndex((entry) => entry.id === id);
    if (before >= 0) this.entries.splice(before, 1);
    this.entries.push({ piece, id });
  }

  check(vocabulary: Vocabulary): void {
    assert.is(vocabulary.count, this.entries.length);
    for (const { piece, id } of this.entries) {
      assert.is(vocabulary.piece(id), piece);
      assert.is(vocabulary.find(piece), this.entries.findLast((entry) => entry.piece === piece)?.id);
    }
  }
}
