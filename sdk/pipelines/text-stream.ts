/** Text while it is written: a web stream that is an async iterable in every runtime. */
import { turns } from "../tensor/turns.js";

/**
 * Pieces of a text in the order in which they are written, as a web stream and as an async iterable: use it as one of the
 * two, once. At most one piece is computed ahead of the reader. Leaving the loop or canceling the stream stops the
 * writing.
 */
export type TextStream = ReadableStream<string> & AsyncIterable<string>;

/** The pieces that steps report, computed in turns while the stream is read. */
export function textStream(
  pieces: Generator<string | undefined, unknown, undefined>,
  signal?: AbortSignal,
): TextStream {
  const closing = new AbortController();
  return textStreamOf(turns(pieces, [signal, closing.signal]), () => closing.abort());
}

/**
 * Pieces as a stream.
 *
 * @param leave called where the reader leaves, perhaps while a piece is awaited
 */
export function textStreamOf(pieces: AsyncGenerator<string, unknown, undefined>, leave = (): void => {}): TextStream {
  const stream = new ReadableStream<string>(
    {
      async pull(controller) {
        const piece = await pieces.next();
        if (piece.done) controller.close();
        else controller.enqueue(piece.value);
      },
      async cancel() {
        leave();
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  // WebKit cannot iterate over streams yet.
  if (!(Symbol.asyncIterator in stream)) Object.assign(stream, { [Symbol.asyncIterator]: () => piecesOf(stream) });
  return stream as TextStream;
}

async function* piecesOf(stream: ReadableStream<string>): AsyncGenerator<string, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** Withholds white space at the beginning and the end of a text that comes in pieces, as `trim` removes it from the whole. */
export class TrimmedPieces {
  #begun = false;
  #held = "";

  /** The part of `piece`, and of the text withheld before it, that is certain to be inside the trimmed text. */
  push(piece: string): string {
    const text = this.#held + piece;
    const inside = text.trimEnd();
    if (inside === "") {
      this.#held = this.#begun ? text : "";
      return "";
    }
    this.#held = text.slice(inside.length);
    const more = this.#begun ? inside : inside.trimStart();
    this.#begun = true;
    return more;
  }
}
