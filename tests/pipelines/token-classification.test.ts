/** tokenClassification against transformers' token-classification pipeline. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import {
  type EntityGroup,
  type TaggedWord,
  type TokenClassificationOptions,
  tokenClassification,
} from "../../sdk/pipelines/token-classification.js";
import { near } from "../helpers/near.js";
import {
  BOUND,
  LENGTH,
  type ReferenceCall,
  type ReferenceModel,
  reference,
  referenceFolder,
} from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

type Result = (TaggedWord | EntityGroup)[];

const test = suite("tokenClassification");
const engine = await Engine.create();
interface Ends {
  readonly labels: readonly string[];
  readonly text: string;
  readonly spans: readonly (readonly [type: string, start: number, end: number])[];
}
const { calls, schemes, ends, ...model } = reference<
  ReferenceModel & {
    calls: ReferenceCall<Result>[];
    schemes: { labels: string[]; calls: ReferenceCall<EntityGroup[]>[] }[];
    /** entities of tokens as seqeval finds them */
    ends: readonly Ends[];
  }
>("token-classification");
const files = referenceFolder(model);
const tag = await tokenClassification(files, { engine });

/** The reference joins a word from its pieces; here its characters are those of the text. */
const places = (found: Result) =>
  found.map((one) => [
    "entity" in one ? one.entity : one.entity_group,
    one.start,
    one.end,
    "index" in one && one.index,
  ]);

/** The same weights under other labels. */
const withLabels = (labels: readonly string[]) =>
  referenceFolder({ ...model, config: { ...model.config, id2label: { ...labels }, label2id: {} } });

for (const scheme of schemes)
  test(`entities of ${scheme.labels}`, async () => {
    using tagged = await tokenClassification(withLabels(scheme.labels), { engine, aggregationStrategy: "simple" });
    for (const { input, options, result } of scheme.calls) {
      const { aggregation_strategy: aggregationStrategy } = options as { aggregation_strategy: "simple" };
      const found = tagged(input[0] as string, { aggregationStrategy });
      assert.equal(places(found), places(result), `${input[0]} ${aggregationStrategy}`);
      near(
        found.map(({ score }) => score),
        result.map(({ score }) => score),
        BOUND,
      );
    }
  });

for (const { labels, text, spans } of ends)
  test(`entities of ${labels} in ${text}`, async () => {
    using tagged = await tokenClassification(withLabels(labels), { engine, aggregationStrategy: "simple" });
    assert.equal(
      tagged(text).map(({ entity_group: type, start, end }) => [type, start, end]),
      spans,
    );
  });

for (const { input, options, result } of calls) {
  const { aggregation_strategy: aggregationStrategy, ignore_labels: ignoreLabels } = options as {
    aggregation_strategy: "simple";
    ignore_labels: string[];
  };
  test(`${input[0]} ${aggregationStrategy} without [${ignoreLabels}]`, async () => {
    const text = input[0] as string;
    const asked: TokenClassificationOptions = { aggregationStrategy, ignoreLabels };
    const found: Result = tag(text, asked);
    assert.equal(places(found), places(result));
    near(
      found.map(({ score }) => score),
      result.map(({ score }) => score),
      BOUND,
    );
    for (const [i, one] of found.entries())
      assert.is(one.word, "entity" in one ? result[i]!.word : text.slice(one.start, one.end));
    // Labels left out by default are those of the reference.
    if (ignoreLabels.length > 0) assert.equal(tag(text, { aggregationStrategy }), found);
    assert.equal(tag([text], asked), [found]);
    using opened = await tokenClassification(files, { engine, ...asked });
    assert.equal(opened(text), found);
  });
}

test("vocabularies without marks of continuation: words end at spaces", async () => {
  const { tokenizers, ...own } = reference<
    ReferenceModel & { tokenizers: { tokenizer: object; calls: ReferenceCall<EntityGroup[]>[] }[] }
  >("token-classification-by-spaces");
  for (const { tokenizer, calls } of tokenizers) {
    const folder = referenceFolder(own, "bytes", { "tokenizer.json": tokenizer });
    for (const { input, options, result } of calls) {
      const { aggregation_strategy: aggregationStrategy } = options as { aggregation_strategy: "simple" };
      using tagged = await tokenClassification(folder, { engine, aggregationStrategy, ignoreLabels: [] });
      const found = tagged(input[0] as string);
      const scores = (all: EntityGroup[]) => all.map(({ score }) => score);
      assert.equal(places(found), places(result), `${input[0]} ${aggregationStrategy}`);
      near(scores(found), scores(result), BOUND);
    }
  }
});

test("words: the label of the first piece, with every label", () => {
  const text = "The dogs, unfriendly, ran to the banks";
  const tokens = calls.find(
    ({ input, options }) =>
      input[0] === text &&
      options["aggregation_strategy"] === "none" &&
      (options["ignore_labels"] as string[]).length === 0,
  )!.result as TaggedWord[];
  // A piece that begins a word has no ##; a word ends with its last piece.
  const first = tokens.flatMap((token, i) => (token.word.startsWith("##") ? [] : [i]));
  const want = first.map((i, n) => ({ ...tokens[i]!, end: tokens[(first[n + 1] ?? tokens.length) - 1]!.end }));
  const found = tag(text);
  assert.equal(
    found.map(({ entity, start, end }) => [entity, start, end]),
    want.map(({ entity, start, end }) => [entity, start, end]),
  );
  assert.equal(
    found.map(({ word, index }) => [word, index]),
    want.map(({ start, end }, n) => [text.slice(start, end), n]),
  );
  near(
    found.map(({ score }) => score),
    want.map(({ score }) => score),
    BOUND,
  );
});

test("words given one by one have the labels of the text that they make", () => {
  const words = ["The", "dogs", ",", "unfriendly", ",", "ran"];
  const text = "The dogs , unfriendly , ran";
  const labels = (found: readonly TaggedWord[]) => found.map(({ entity, score, index }) => [entity, score, index]);
  assert.equal(labels(tag({ words })), labels(tag(text)));
  assert.equal(
    tag({ words }).map(({ word, start, end }) => [word, start, end]),
    words.map((word) => [word, 0, word.length]),
  );
  // Entities of words are ranges of the words joined by spaces.
  const asked = { aggregationStrategy: "first", ignoreLabels: [] as string[] } as const;
  assert.equal(tag({ words }, asked), tag(text, asked));
  assert.equal(tag({ text }), tag(text));
});

test("a text longer than the model is read through windows: each word from the one with most context", () => {
  const words = Array.from({ length: 75 }, (_, i) => ["the", "dog", "ran", "up", "on"][(i * i) % 5]!);
  // Each of these words is one token. Two of the 32 places are for [CLS] and [SEP]; windows share a third of the rest.
  const [room, step] = [LENGTH - 2, LENGTH - 2 - 10];
  const begins = [0, step, 2 * step, 3 * step].filter((begin) => begin === 0 || begin - step + room < words.length);
  assert.is(begins.length, 4);
  const windows = begins.map((begin) => tag({ words: words.slice(begin, begin + room) }));
  const want = words.map((_, i) => {
    const context = begins.map((begin, w) => Math.min(i - begin, begin + windows[w]!.length - 1 - i));
    const best = context.indexOf(Math.max(...context));
    return { ...windows[best]![i - begins[best]!]!, index: i };
  });
  assert.equal(tag({ words }), want);
  const text = words.join(" ");
  assert.equal(
    tag(text).map(({ entity, score, word, start }) => [entity, score, word, text.slice(start, start + word.length)]),
    want.map(({ entity, score, word }) => [entity, score, word, word]),
  );
});

test("anything but a text throws an error that names it", async () => {
  await refused(() => tag(5 as never), /tokenClassification: the input must be a string, got 5/);
  await refused(() => tag({ words: ["a", 1] } as never), /the input.words\[1\] must be a string, got 1/);
  await refused(() => tag({ words: "a" } as never), /the input.words must be an array of strings, got "a"/);
  await refused(
    () => tag({ sentence: "a" } as never),
    /the input must be an object with text, got an unknown field "sentence"/,
  );
  await refused(() => tag("a", { aggregation_strategy: "simple" } as never), /did you mean "aggregationStrategy"\?/);
  await refused(
    () => tag("a", { aggregationStrategy: "entity" as never }),
    /aggregationStrategy must be one of "word", "none", "simple"/,
  );
  await refused(() => tag("a", { ignoreLabels: "O" as never }), /ignoreLabels must be an array/);
});

test.run();
