/** text2textGeneration against transformers' generate. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { type Generated, type RewriteOptions, text2textGeneration } from "../../sdk/pipelines/text-generation.js";
import { TrimmedPieces } from "../../sdk/pipelines/text-stream.js";
import { type ReferenceCall, type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

const test = suite("text2textGeneration");
const engine = await Engine.create();
const { calls, ...model } = reference<ReferenceModel & { calls: readonly ReferenceCall<Generated[]>[] }>(
  "text2text-generation",
);
const files = referenceFolder(model, "bytes-with-ends");
const write = await text2textGeneration(files, { engine });

for (const { input, options, result } of calls)
  test(`${input[0]} ${JSON.stringify(options)}`, async () => {
    const text = input[0] as string;
    const asked = options as RewriteOptions;
    // The reference does not cut blanks off at the ends; we do.
    const want = result.map(({ generated_text: written }) => ({ generated_text: written.trim() }));
    assert.equal(write(text, asked), want[0]);
    assert.equal(write([text], asked), want);
    using opened = await text2textGeneration(files, { engine, ...asked });
    assert.equal(opened(text), want[0]);
  });

test("a text arrives piece by piece: by onText, and as a stream", async () => {
  for (const asked of [{}, { do_sample: true, seed: 3, top_k: 0 }]) {
    const options = { ...asked, max_new_tokens: 24 };
    const { generated_text: text } = write("the cat sat on the mat", options);
    const told: string[] = [];
    const found = write("the cat sat on the mat", { ...options, onText: (piece) => void told.push(piece) });
    assert.is(found.generated_text, text);
    assert.is(told.join(""), text);
    assert.ok(told.length > 1 && !told.includes(""), JSON.stringify(told));
    const pieces: string[] = [];
    for await (const piece of write.stream("the cat sat on the mat", options)) pieces.push(piece);
    assert.equal(pieces, told);
  }
});

test("white space around a text is withheld, wherever its pieces end", () => {
  const text = " \n a  b \t c \n ";
  for (let i = 0; i <= text.length; i++)
    for (let j = i; j <= text.length; j++) {
      const pieces = new TrimmedPieces();
      const parts = [text.slice(0, i), text.slice(i, j), text.slice(j)];
      assert.is(parts.map((part) => pieces.push(part)).join(""), text.trim());
    }
});

test("a prefix is put before every text", async () => {
  const [{ options }] = calls as [ReferenceCall<unknown>];
  const asked = options as RewriteOptions;
  assert.equal(write("cat sat on the mat", { ...asked, prefix: "the " }), write("the cat sat on the mat", asked));
  using opened = await text2textGeneration(files, { engine, ...asked, prefix: "A " });
  assert.equal(opened("dog ran"), write("A dog ran", asked));
});

test("a language: its token is written first", async () => {
  // What is forced first is not of the text; "up" is one token of this vocabulary.
  const asked = { max_new_tokens: 6, language: "up" } as const;
  assert.match(write("the cat", asked).generated_text, /^up/);
  await refused(
    () => write("the cat", { language: "xx_XX" }),
    /language must be a token of the vocabulary, .*got "xx_XX"/,
  );
  await refused(
    () => text2textGeneration(files, { engine, language: "xx_XX" }),
    /language must be a token of the vocabulary/,
  );
});

test("impossible generation requests give a clear error", async () => {
  await refused(
    () => write("a", { src_lang: "en_XX" } as never),
    /the tokenizer's files say the language that is read/,
  );
  await refused(() => write("a", { tgt_lang: "de_DE" } as never), /language is the token that names the language/);
  await refused(() => write("a", { returnFullText: false } as never), /the text that is written has no prompt/);
  await refused(() => write("a", { num_beams: 0 }), /num_beams must be a whole number from 1 to 1024, got 0/);
  await refused(() => write(null as never), /text2textGeneration: the input must be a string, got null/);
  const { decoder_start_token_id: _, bos_token_id: __, ...config } = model.config;
  const startless = await text2textGeneration(referenceFolder({ ...model, config }, "bytes-with-ends"), { engine });
  await refused(() => startless("a"), /decoder_start_token_id: what does the decoder begin with\?/);
  startless[Symbol.dispose]();
});

test.run();
