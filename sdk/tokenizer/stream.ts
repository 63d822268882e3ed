/** Streams: many texts, one after another; and the text of tokens that come one by one. */
import type { Encoding } from "./post-processors/encoding.js";
import type { EncodeOptions, Text, Tokenizer } from "./tokenizer.js";

/** Encodings of texts as they come; memory does not grow with their number. */
export async function* encodeStream(
  tokenizer: Tokenizer,
  texts: AsyncIterable<Text> | Iterable<Text>,
  options: EncodeOptions = {},
): AsyncGenerator<Encoding> {
  for await (const text of texts) yield tokenizer.encode(text, undefined, options);
}

/** How many tokens are decoded again with the next one, so that spaces and characters of several bytes come out right. */
const CONTEXT = 6;

/**
 * Text of tokens that are generated one by one. Each call returns what has become certain; a character whose bytes are
 * spread over several tokens comes with the last of them.
 *
 *   const stream = new DecodeStream(tokenizer);
 *   for (const id of ids) write(stream.push(id));
 *   write(stream.end());
 */
export class DecodeStream {
  private ids: number[] = [];
  /** How many of `ids` have been told already, and the text of all those. */
  private told = 0;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly skipSpecial = true,
  ) {}

  push(id: number): string {
    this.ids.push(id);
    const before = this.decode(this.told);
    const now = this.decode(this.ids.length);
    // An unfinished character shows as U+FFFD until its last byte has come; four bytes are the most it can take.
    if (now.endsWith("\ufffd") && this.ids.length - this.told < 4) return "";
    return this.tell(before, now);
  }

  /** What is left, finished or not. */
  end(): string {
    const before = this.decode(this.told);
    return this.tell(before, this.decode(this.ids.length));
  }

  private tell(before: string, now: string): string {
    const more = now.startsWith(before) ? now.slice(before.length) : now.slice(commonLength(before, now));
    this.told = this.ids.length;
    if (this.told > 2 * CONTEXT) {
      this.ids = this.ids.slice(-CONTEXT);
      this.told = CONTEXT;
    }
    return more;
  }

  private decode(count: number): string {
    return this.tokenizer.decode(this.ids.slice(0, count), { skipSpecial: this.skipSpecial });
  }
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
