/** fillMask against transformers' fill-mask pipeline. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { type Filled, fillMask } from "../../sdk/pipelines/fill-mask.js";
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

const test = suite("fillMask");
const engine = await Engine.create();
const { calls, ...model } = reference<ReferenceModel & { calls: ReferenceCall<Filled[] | Filled[][]>[] }>("fill-mask");
const files = referenceFolder(model);
const fill = await fillMask(files, { engine });

/** Options of the reference by our names. */
const optionsOf = ({ top_k, ...rest }: ReferenceCall<unknown>["options"]): object => ({
  ...rest,
  ...(top_k !== undefined && { topK: top_k }),
});

/** The reference keeps [CLS] and [SEP] where there are several masks. */
const plain = (text: string): string => text.replace("[CLS] ", "").replace(" [SEP]", "");

const same = (got: readonly Filled[], want: readonly Filled[]): void => {
  const names = (guesses: readonly Filled[]) =>
    guesses.map(({ token, token_str, sequence }) => [token, token_str, plain(sequence)]);
  assert.equal(names(got), names(want));
  near(
    got.map(({ score }) => score),
    want.map(({ score }) => score),
    BOUND,
  );
};

for (const { input, options, result } of calls)
  test(`${input[0]} ${JSON.stringify(options)}`, async () => {
    const text = input[0] as string;
    const lists = (Array.isArray(result[0]) ? result : [result]) as Filled[][];
    const masks = fill.masks(text, optionsOf(options));
    assert.is(masks.length, lists.length);
    for (const [i, want] of lists.entries()) same(masks[i]!, want);
    // A text with one mask gives its list alone, one with several a list for each; in an array each text as it would alone.
    const usual = fill(text, optionsOf(options));
    assert.equal(usual, lists.length === 1 ? masks[0] : masks);
    assert.equal(fill([text, text], optionsOf(options)), [usual, usual]);
    // Options at opening are those of every call.
    using opened = await fillMask(files, { engine, ...optionsOf(options) });
    assert.equal(opened(text), usual);
  });

test("the options of a call are above those of the opening", async () => {
  using two = await fillMask(files, { engine, topK: 2 });
  assert.is(two("The cat [MASK] on the mat.").length, 2);
  assert.is(two("The cat [MASK] on the mat.", { topK: 3 }).length, 3);
  assert.is(two("The cat [MASK] on the mat.", { topK: undefined as never }).length, 2);
  // More guesses than there are tokens: all of them.
  const all = two("The cat [MASK] on the mat.", { topK: 10_000 });
  near([all.reduce((sum, { score }) => sum + score, 0)], [1], { atol: 1e-12 });
  assert.is(new Set(all.map(({ token }) => token)).size, all.length);
  assert.is(two("a [MASK]", { targets: ["cat", "cat"], topK: 5 }).length, 1);
});

test("inputs that cannot be filled give a clear error", async () => {
  await refused(() => fill("no mask here"), /the text has no mask; write \[MASK\] where a word is missing/);
  await refused(
    () => fill(`${"the ".repeat(LENGTH)}[MASK]`),
    /1 of the masks are beyond the longest sequence: .*length is 32/,
  );
  await refused(() => fill("a [MASK]", { targets: ["zebra"] }), /target "zebra" is not one token .*, but unknown/);
  await refused(() => fill("a [MASK]", { targets: ["smith"] }), /target "smith" is not one token .*, but 2 tokens/);
  await refused(() => fill("a [MASK]", { targets: [] }), /targets must be an array/);
  await refused(() => fill("a [MASK]", { topK: 0 }), /fillMask: topK must be a whole number of at least 1, got 0/);
  await refused(() => fill("a [MASK]", { top_k: 2 } as never), /unknown option "top_k"; did you mean "topK"\?/);
  await refused(() => fill("a [MASK]", { engine } as never), /"engine": it is given when the pipeline is opened/);
  await refused(() => fill(5 as never), /fillMask: the input must be a string, got 5/);
  await refused(() => fill(["a [MASK]", null] as never), /fillMask: input 1 must be a string, got null/);
  await refused(() => fill.masks(["a [MASK]"] as never), /the text must be a string/);
  await refused(
    () => fillMask(files, { engine, length: LENGTH + 1 }),
    /length 33 is more than the model's 32 positions/,
  );
});

test.run();
