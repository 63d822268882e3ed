/** Plain text: a sentence or paragraph per line, a blank line between documents. */
import { numbered, type Source } from "./source.js";

/**
 * A long line in parts of at most `longest` characters, which together are the line. It is cut before whitespace where there
 * is some in the last half of a part.
 * @example
 * [...partsOfLine("one two three", 8)].join("|"); // "one two| three"
 */
export function* partsOfLine(line: string, longest: number): Generator<string> {
  let begin = 0;
  while (line.length - begin > longest) {
    let end = begin + longest;
    while (end > begin + longest / 2 && !/\s/.test(line[end]!)) end--;
    if (end <= begin + longest / 2) end = begin + longest;
    // Not between the halves of a character.
    if ((line.charCodeAt(end) & 0xfc00) === 0xdc00) end--;
    yield line.slice(begin, end);
    begin = end;
  }
  yield line.slice(begin);
}

/**
 * The documents of a text, each as its non-blank lines.
 *
 * @param options `longest`: characters after which a document, or a single line, is divided, so that no more are held
 * @example
 * for await (const document of readDocuments(textSource("a.txt", "one\ntwo\n\nthree"))) console.assert(document.length <= 2);
 */
export async function* readDocuments(
  source: Source,
  { longest = Number.POSITIVE_INFINITY }: { readonly longest?: number } = {},
): AsyncGenerator<string[]> {
  let document: string[] = [];
  let characters = 0;
  for await (const [, line] of numbered(source)) {
    for (const part of partsOfLine(line, longest)) {
      const sentence = part.trim();
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
  }
  if (document.length > 0) yield document;
}
