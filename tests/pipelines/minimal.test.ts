/** featureExtractionOf: the same vectors from a few parts, and clear errors for the parts left out. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { featureExtraction, loadTokenizer, memoryFiles } from "../../sdk/index.js";
import { bert, distilbert, featureExtractionOf, readWordPiece, strictKernels } from "../../sdk/minimal.js";
import { type ReferenceModel, reference, referenceFiles } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

const test = suite("featureExtractionOf");
const { texts, ...model } = reference<ReferenceModel & { texts: readonly string[] }>("feature-extraction");
const entries = referenceFiles(model);
const files = memoryFiles(entries);
const { vocab } = (
  JSON.parse(new TextDecoder().decode(new Map(entries).get("tokenizer.json"))) as { model: { vocab: object } }
).model;
const pieces = Object.entries(vocab)
  .sort(([, a], [, b]) => a - b)
  .map(([piece]) => piece);
const older = memoryFiles([
  ...entries.filter(([name]) => name !== "tokenizer.json"),
  ["vocab.txt", new TextEncoder().encode(pieces.join("\n"))],
]);
const parts = { kernels: strictKernels, families: [bert], tokenizer: readWordPiece };

test("gives the bits of featureExtraction, with either tokenizer", async () => {
  const expected = (await featureExtraction(files))(texts);
  using small = await featureExtractionOf(parts, older);
  assert.equal(small(texts), expected);
  using complete = await featureExtractionOf({ ...parts, tokenizer: loadTokenizer }, files);
  assert.equal(complete(texts, { pooling: "cls" }), (await featureExtraction(files))(texts, { pooling: "cls" }));
});

test("anything that is not among the parts is refused by name", async () => {
  await refused(
    () => featureExtractionOf({ ...parts, families: [distilbert] }, older),
    /model_type "bert" is not supported; supported are distilbert/,
  );
  await refused(() => featureExtractionOf(parts, files), /vocab\.txt is missing/);
  await refused(
    () => featureExtractionOf(parts, older, { build: "strict" } as object),
    /the build is that of the kernels/,
  );
  await refused(() => featureExtractionOf(parts, older, { adapter: files } as object), /has no adapters/);
  await refused(() => featureExtractionOf({ ...parts, families: [] }, older), /families/);
});

test.run();
