/** Streams: encodings of many texts, and text from tokens as they are generated. */
import type { Encoding } from "./post-processors/encoding.js";
import type { EncodeOptions, Text, Tokenizer } from "./tokenizer.js";

/**
 * Encode texts as they arrive; memory does not grow with their number.
 *
 * @example
 * for await (const { ids } of encodeStream(tokenizer, ["the cat", "a dog"])) console.assert(ids.length === 4);
 */
export async function* encodeStream(
  tokenizer: Tokenizer,
  texts: AsyncIterable<Text> | Iterable<Text>,
  options: EncodeOptions = {},
): AsyncGenerator<Encoding> {
  for await (const text of texts) yield tokenizer.encode(text, undefined, options);
}

/**
 * Text of tokens that are generated one by one, as by the DecodeStream of Hugging Face tokenizers. Each call returns the text
 * that is now complete; a character whose bytes span several tokens is returned with the last of them.
 *
 * @example
 * const stream = new DecodeStream(tokenizer);
 * let text = "";
 * for (const id of tokenizer.encode("the cat").ids) text += stream.push(id);
 * text += stream.end(); // "the cat"
 */
export class DecodeStream {
  /** The tokens of the last text returned, as context for the next, and those after it. */
  private ids: number[] = [];
  /** The text of the context, and its number of tokens. */
  private prefix = "";
  private context = 0;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly skipSpecial = true,
  ) {}

  push(id: number): string {
    this.ids.push(id);
    const text = this.decode();
    // A character that is not complete shows as U+FFFD.
    if (text.length <= this.prefix.length || text.endsWith("\ufffd")) return "";
    const more = this.after(text);
    this.ids = this.ids.slice(this.context);
    this.context = this.ids.length;
    this.prefix = this.decode();
    return more;
  }

  /** The rest, complete or not. */
  end(): string {
    return this.after(this.decode());
  }

  /** The part of a text after the prefix, whose end a decoder may render differently when a token follows. */
  private after(text: string): string {
    let same = 0;
    while (same < this.prefix.length && text[same] === this.prefix[same]) same++;
    return text.slice(same);
  }

  private decode(): string {
    return this.tokenizer.decode(this.ids, { skipSpecial: this.skipSpecial });
  }
}
