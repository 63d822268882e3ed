/** textGeneration against transformers' text-generation pipeline. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { type ContinuationOptions, type Generated, textGeneration } from "../../sdk/pipelines/text-generation.js";
import { type ReferenceCall, type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

const test = suite("textGeneration");
const engine = await Engine.create();
const { calls, ...model } = reference<ReferenceModel & { calls: readonly ReferenceCall<Generated[]>[] }>(
  "text-generation",
);
const files = referenceFolder(model, "bytes");
const write = await textGeneration(files, { engine });

const optionsOf = ({ return_full_text, ...rest }: ReferenceCall<unknown>["options"]): ContinuationOptions => ({
  ...rest,
  ...(return_full_text !== undefined && { returnFullText: return_full_text as boolean }),
});

for (const { input, options, result } of calls)
  test(`${input[0]} ${JSON.stringify(options)}`, async () => {
    const prompt = input[0] as string;
    const asked = optionsOf(options);
    assert.equal(write(prompt, asked), result[0]);
    assert.equal(write([prompt], asked), result);
    using opened = await textGeneration(files, { engine, ...asked });
    assert.equal(opened(prompt), result[0]);
    // The folder's own settings are under those of the caller.
    const { returnFullText, ...settings } = asked;
    using said = await textGeneration(
      referenceFolder(model, "bytes", { "generation_config.json": { ...settings, eos_token_id: 2 } }),
      {
        engine,
        ...(returnFullText !== undefined && { returnFullText }),
      },
    );
    assert.equal(said(prompt), result[0]);
  });

const { calls: ofWords, ...wordModel } = reference<ReferenceModel & { calls: readonly ReferenceCall<Generated[]>[] }>(
  "text-generation-of-words",
);
const writeWords = await textGeneration(referenceFolder(wordModel), { engine });
for (const { input, options, result } of ofWords)
  test(`${input[0]} ${JSON.stringify(options)}, in words between spaces, whole and in pieces`, () => {
    const prompt = input[0] as string;
    const asked = optionsOf(options);
    assert.equal(writeWords(prompt, asked), result[0]);
    if (asked.num_beams !== undefined) return;
    const pieces: string[] = [];
    writeWords(prompt, { ...asked, onText: (piece) => void pieces.push(piece) });
    const before = asked.returnFullText === false ? "" : prompt;
    assert.is(before + pieces.join(""), result[0]!.generated_text);
  });

test("draws follow the seed: the pipeline's for each text in turn, a call's from its beginning", async () => {
  const asked = { do_sample: true, max_new_tokens: 12, top_k: 0 };
  using one = await textGeneration(files, { engine, ...asked, seed: 5 });
  using other = await textGeneration(files, { engine, ...asked, seed: 5 });
  const texts = [one("the cat"), one("the cat")];
  assert.equal(other(["the cat", "the cat"]), texts);
  assert.not.equal(texts[0], texts[1]);
  const again = write("the cat", { ...asked, seed: 5 });
  assert.equal(again, texts[0]);
  assert.equal(write("the cat", { ...asked, seed: 5 }), again);
  assert.not.equal(write("the cat", { ...asked, seed: 6 }), again);
});

test("keys and values can be kept in f16, for a pipeline or a call", async () => {
  const [{ generated_text: text }] = write(["the cat"], { max_new_tokens: 8 }) as [Generated];
  const half = write("the cat", { max_new_tokens: 8, cacheDtype: "f16" }).generated_text;
  using opened = await textGeneration(files, { engine, max_new_tokens: 8, cacheDtype: "f16" });
  assert.equal([half, opened("the cat").generated_text], [text, text]);
});

test("a text arrives piece by piece while it is written", async () => {
  for (const asked of [{}, { do_sample: true, seed: 3, top_k: 0 }]) {
    const options = { ...asked, max_new_tokens: 24, returnFullText: false };
    const pieces: string[] = [];
    const { generated_text: text } = write("the cat", { ...options, onText: (piece) => void pieces.push(piece) });
    assert.is(pieces.join(""), text);
    assert.ok(pieces.length > 1 && !pieces.includes(""), JSON.stringify(pieces));
    assert.is(text, write("the cat", options).generated_text);
  }
  const beams = () => write("the cat", { num_beams: 2, onText: () => {} });
  await refused(beams, /onText and stream need num_beams 1, got 2/);
});

test("a stream gives the same pieces, as a loop and as a web stream", async () => {
  for (const asked of [{}, { do_sample: true, seed: 3, top_k: 0 }]) {
    const options = { ...asked, max_new_tokens: 24 };
    const { generated_text: text } = write("the cat", { ...options, returnFullText: false });
    const pieces: string[] = [];
    for await (const piece of write.stream("the cat", options)) pieces.push(piece);
    assert.is(pieces.join(""), text);
    assert.ok(pieces.length > 1 && !pieces.includes(""), JSON.stringify(pieces));
    assert.is(await new Response(write.stream("the cat", options).pipeThrough(new TextEncoderStream())).text(), text);
  }
  await refused(() => write.stream(["the cat"] as never), /textGeneration: a stream is of one text/);
  await refused(async () => {
    for await (const _ of write.stream("the cat", { num_beams: 2 }));
  }, /onText and stream need num_beams 1, got 2/);
});

test("to leave a stream, to cancel it and to abort it stop the writing, and nothing is left", async () => {
  const resting = engine.liveBytes;
  const options = { max_new_tokens: 24 };
  let left = 0;
  for await (const _ of write.stream("the cat", options)) if (++left === 2) break;
  assert.is(engine.liveBytes, resting);
  const reader = write.stream("the cat", options).getReader();
  await reader.read();
  await reader.cancel();
  assert.is(engine.liveBytes, resting);
  const controller = new AbortController();
  const reason = new Error("enough");
  let heard = 0;
  const caught = await (async () => {
    for await (const _ of write.stream("the cat", { ...options, signal: controller.signal }))
      if (++heard === 3) controller.abort(reason);
  })().catch((error) => error);
  assert.is(caught, reason);
  assert.is(heard, 3);
  assert.is(engine.liveBytes, resting);
});

test("impossible generation requests give a clear error", async () => {
  const options: readonly (readonly [object, RegExp])[] = [
    [{ max_new_tokens: 0 }, /textGeneration: max_new_tokens must be a whole number of at least 1, got 0/],
    [{ maxNewTokens: 5 }, /unknown option "maxNewTokens"; did you mean "max_new_tokens"\?/],
    [{ max_length: 20 }, /"max_length": max_new_tokens counts the tokens that are written/],
    [{ temperature: 0 }, /temperature must be a number above 0, got 0/],
    [{ temperature: Number.NaN }, /temperature must be a number above 0, got NaN/],
    [{ top_p: 90 }, /top_p must be a number from 0 to 1, got 90/],
    [{ do_sample: 1 }, /do_sample must be true or false, got 1/],
    [{ num_return_sequences: 2 }, /a call writes one text for each prompt/],
    [{ return_full_text: false }, /did you mean "returnFullText"\?/],
    [{ settings: {} }, /"settings": the fields of generation_config.json are options themselves/],
    [{ eos_token_id: 2 }, /eos_token_id must be an array/],
    [{ early_stopping: "always" }, /early_stopping must be true, false or "never"/],
    [{ seed: -1 }, /seed must be a whole number of at least 0, got -1/],
    [{ prefix: "a" }, /unknown option "prefix"/],
    [{ cacheDtype: "q8" }, /cacheDtype must be one of "f32", "f16", got "q8"/],
    [{ onText: "log" }, /onText must be a function, got "log"/],
  ];
  for (const [asked, message] of options) {
    await refused(() => write("a", asked), message);
    await refused(() => textGeneration(files, { engine, ...asked }), message);
  }
  await refused(() => write(""), /textGeneration: the prompt is empty/);
  await refused(
    () => write([{ role: "user", content: "a" }] as never),
    /input 0 must be a string, got an object with role, content/,
  );
});

test.run();
