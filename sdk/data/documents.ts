/** Plain text: a sentence or paragraph a line, a blank line between documents. */
import { numbered, type Source } from "./source.js";

/** The documents of a text, each as its non-blank lines. */
export async function* readDocuments(source: Source): AsyncGenerator<string[]> {
  let document: string[] = [];
  for await (const [, line] of numbered(source)) {
    const sentence = line.trim();
    if (sentence !== "") document.push(sentence);
    else if (document.length > 0) {
      yield document;
      document = [];
    }
  }
  if (document.length > 0) yield document;
}
