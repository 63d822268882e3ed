/** The attention of a model over one text, as a section. */
import { ArgumentError, aString, checkArguments, listOf, numbers } from "../options.js";
import type { AttentionSection } from "./section.js";

/** Four digits, as many as a color or a label can show: more would only make the file larger. */
const rounded = (weight: number): number => Number(weight.toFixed(4));

/**
 * Every layer and head of a model's attention over one text.
 *
 * @param tokens the text's tokens, including special tokens
 * @param layers probabilities of each layer (heads, tokens, tokens), as `trace.attentions` holds them after encoding a batch of one text
 * @example
 * const encoding = tokenizer.encode("the cat sat");
 * const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
 * model.encode(collate([sampleOf(encoding)]), trace);
 * const tokens = Array.from(encoding.ids, (id) => tokenizer.token(id)!);
 * attentionSection("Attention", tokens, trace.attentions.map(({ data }) => data)).weights.length; // 3
 * @throws {ArgumentError} if the size of a layer is not a multiple of tokens × tokens
 */
export function attentionSection(
  title: string,
  tokens: readonly string[],
  layers: readonly ArrayLike<number>[],
): AttentionSection {
  checkArguments(
    "attentionSection",
    { title, tokens, layers },
    { title: aString, tokens: listOf(aString, 1), layers: listOf(numbers, 1) },
  );
  const n = tokens.length;
  const weights = layers.map((layer, l) => {
    const heads = layer.length / (n * n);
    if (!Number.isInteger(heads) || heads === 0)
      throw new ArgumentError(
        `attentionSection: layer ${l} has ${layer.length} probabilities; expected heads × ${n} × ${n} for ${n} tokens`,
      );
    const row = (at: number): number[] => Array.from({ length: n }, (_, key) => rounded(layer[at + key]!));
    return Array.from({ length: heads }, (_, head) =>
      Array.from({ length: n }, (_, query) => row((head * n + query) * n)),
    );
  });
  return {
    kind: "attention",
    title,
    note: "Rows are the tokens that attend, columns the tokens attended to. Each row adds up to 1.",
    tokens,
    weights,
  };
}
