/** Training a vocabulary of the kind that the family publishes. */
import { familyOf } from "cloze/tensor";
import { type Tokenizer, type TrainingTexts, trainBpe, trainUnigram, trainWordPiece } from "cloze/tokenizer";

export interface NewVocabulary {
  readonly size: number;
  readonly cased: boolean;
}

/** WordPiece, byte-level BPE or Unigram, as the family's published models have it. */
export async function learnVocabulary(
  family: string,
  texts: TrainingTexts,
  { size, cased }: NewVocabulary,
): Promise<Tokenizer> {
  const { algorithm, special, uncased } = familyOf({ model_type: family }).vocabulary;
  const options = { size, ...(special && { special }) };
  const lowercase = uncased && !cased;
  if (algorithm === "wordpiece") return trainWordPiece(texts, { ...options, lowercase });
  if (algorithm === "byte-level-bpe") return trainBpe(texts, options);
  return trainUnigram(texts, { ...options, lowercase });
}
