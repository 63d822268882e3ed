/** Plain text: a sentence or paragraph per line, a blank line between documents. */
import { numbered, type Source } from "./source.js";

/**
 * The documents of a text, each as its non-blank lines.
 *
 * @param options `longest`: characters after which a document is divided, so that no more are held
 */
export async function* readDocuments(
  source: Source,
  { longest = Number.POSITIVE_INFINITY }: { readonly longest?: number } = {},
): AsyncGenerator<string[]> {
  let document: string[] = [];
  let characters = 0;
  for await (const [, line] of numbered(source)) {
    const sentence = line.trim();
    if (sentence !== "") {
      document.push(sentence);
      characters += sentence.length;
    }
    if (document.length > 0 && (sentence === "" || characters >= longest)) {
      yield document;
      document = [];
      characters = 0;
    }
  }
  if (document.length > 0) yield document;
}
