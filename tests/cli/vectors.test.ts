/** Commands about vectors and comparisons, as a user runs them: on a tiny model trained by the command itself. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: vectors");
const { place, cloze, objects, remove } = commandIn("vectors");

const answers = (words: readonly string[], input: string) => objects([...words, "--json"], input);

const text = join(root, "corpus/text/a-animals.txt");
const tiny = ["--layers", "2", "--width", "32", "--heads", "2", "--vocabulary", "300", "--length", "48", "--rows", "8"];
const embed = ["embed", "--model", "model"];
const vectorOf = (words: readonly string[], line: string): number[] =>
  answers([...embed, "--text", ...words], `${line}\n`)[0]!["embedding"] as number[];

test.before(() => {
  const { status, stderr } = cloze(["pretrain", "--out", "model", "--json", "--steps", "4", ...tiny, text]);
  assert.is(status, 0, stderr);
});

test("embed: layers, pooling and prefixes have their effects", () => {
  const plain = vectorOf([], "a cat");
  assert.is(plain.length, 32);
  assert.equal(vectorOf(["--layers", "2"], "a cat"), plain);
  assert.equal(vectorOf(["--layers", "-1"], "a cat"), plain);
  assert.is(vectorOf(["--layers", "0,1,-1", "--join", "concat"], "a cat").length, 96);
  assert.equal(vectorOf(["--prefix", "a "], "cat"), plain);
  const others = [
    ["--pooling", "cls"],
    ["--pooling", "last"],
    ["--no-special"],
    ["--layers", "1"],
    ["--prefix", "to: "],
  ].map((words) => String(vectorOf(words, "a cat")));
  assert.is(new Set([...others, String(plain)]).size, others.length + 1);
});

test("embed --words: a vector a word, with its characters", () => {
  const [found] = answers([...embed, "--words"], '"A cat sleeps."\n');
  const words = found!["words"] as { word: string; start: number; end: number; embedding: number[] }[];
  assert.equal(
    words.map(({ word, start, end }) => [word, start, end]),
    [
      ["A", 0, 1],
      ["cat", 2, 5],
      ["sleeps", 6, 12],
      [".", 12, 13],
    ],
  );
  assert.ok(words.every(({ embedding }) => embedding.length === 32));
  const [given] = answers([...embed, "--words"], '{"words": ["A", "cat", "sleeps", "."]}\n');
  assert.equal(
    (given!["words"] as typeof words).map(({ embedding }) => embedding),
    words.map(({ embedding }) => embedding),
  );
});

test("threads share the lines and change nothing", () => {
  const lines = Array.from({ length: 300 }, (_, i) => JSON.stringify(`line ${i} of a cat`)).join("\n");
  const one = cloze(embed, lines);
  assert.is(one.status, 0, one.stderr);
  assert.is(one.stdout.trim().split("\n").length, 300);
  for (const threads of ["2", "3"]) assert.is(cloze([...embed, "--threads", threads], lines).stdout, one.stdout);
  const broken = cloze([...embed, "--threads", "2"], `${lines}\n{"no": 1}\n`);
  assert.is(broken.status, 2);
  assert.match(broken.stderr, /expected a JSON string or \{"text"\}/);
});

test("fine-tuned to vectors, a folder records how they are made; evaluate reports the same as finetune", () => {
  const animals = ["cat", "dog", "cow", "horse", "bird", "fish", "sheep", "hen"];
  const pairs = animals.flatMap((a, i) => [
    `the ${a} eats\tthe ${a} runs`,
    `${animals[(i + 3) % 8]} here\t${animals[(i + 3) % 8]} there`,
  ]);
  writeFileSync(join(place, "pairs.tsv"), ["sentence1\tsentence2", ...pairs, ""].join("\n"));
  const words = ["--task", "embed", "--model", "model", "--train", "pairs.tsv", "--test", "pairs.tsv", "--rows", "8"];
  const figures = answers(["finetune", ...words, "--epochs", "8", "--rate", "3e-3", "--out", "vectors"], "").at(-1)!;
  assert.ok((figures["test_mrr"] as number) > 0.5);
  const again = answers(["evaluate", "--model", "vectors", "--test", "pairs.tsv"], "")[0]!;
  for (const name of ["test_mrr", "test_accuracy"]) assert.is(again[name], figures[name]);
  // Both folders pool the mean as it is: the one without modules.json, and the one that finetune wrote.
  const modules = JSON.parse(readFileSync(join(place, "vectors/modules.json"), "utf8")) as { type: string }[];
  assert.equal(
    modules.map(({ type }) => type.split(".").at(-1)),
    ["Transformer", "Pooling"],
  );
  for (const model of ["model", "vectors"]) {
    const [{ embedding }] = answers(["embed", "--model", model, "--text"], "a cat\n") as [{ embedding: number[] }];
    assert.not.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-3, model);
  }
  const [{ similarity }] = answers(["similarity", "--model", "vectors"], '{"text": "a cat", "pair": "a cat"}\n') as [
    { similarity: number },
  ];
  assert.ok(Math.abs(similarity - 1) < 1e-6);
  writeFileSync(join(place, "among.txt"), "the dog runs\n\nthe cat eats\n");
  const [{ neighbours }] = answers(
    ["similarity", "--model", "vectors", "--among", "among.txt", "--top", "1"],
    '"the cat eats"\n',
  ) as [{ neighbours: { index: number; text: string; score: number }[] }];
  assert.equal([neighbours.length, neighbours[0]!.index, neighbours[0]!.text], [1, 1, "the cat eats"]);
});

test("zero-shot and rerank from models that the command trained", () => {
  const train = (task: string, file: string) =>
    answers(["finetune", "--task", task, "--scratch", "model", "--train", file, "--epochs", "1", "--out", task], "");
  writeFileSync(
    join(place, "inference.tsv"),
    "premise\thypothesis\tlabel\na cat\tan animal\tentailment\na cat\tno cat\tcontradiction\na cat\ta house\tneutral\n",
  );
  train("pair", "inference.tsv");
  for (const name of ["zero-shot-classification", "zero-shot"]) {
    const [found] = answers([name, "--model", "pair", "--labels", "animals, cars"], '{"text": "A cat sleeps."}\n');
    assert.equal(Object.keys(found!), ["label", "score", "scores"]);
    assert.equal(Object.keys(found!["scores"] as object).sort(), ["animals", "cars"]);
  }
  writeFileSync(join(place, "scored.tsv"), "text\tpair\tscore\na cat\ta cat\t1\na cat\ta dog\t0\n");
  train("regress", "scored.tsv");
  const line = '{"query": "cats", "texts": ["A cat.", "A dog.", "A cow."]}\n';
  const [{ ranking }] = answers(["rerank", "--model", "regress"], line) as [
    { ranking: { index: number; score: number }[] },
  ];
  assert.equal(ranking.map(({ index }) => index).sort(), [0, 1, 2]);
  assert.ok(ranking.every(({ score }, i) => i === 0 || score <= ranking[i - 1]!.score));
  const [top] = answers(["rerank", "--model", "regress", "--top", "1"], line);
  assert.equal(top!["ranking"], ranking.slice(0, 1));
});

test("impossible requests give a clear error and status 2", () => {
  const cases: [string[], string, RegExp][] = [
    [[...embed, "--layers", "x"], "", /--layers x: expected whole numbers/],
    [[...embed, "--layers", "9"], '"a"\n', /layer 9 does not exist: the model has layers 0 \(embeddings\) to 2/],
    [[...embed, "--pooling", "best"], "", /Allowed choices are mean, cls, max, last, weighted, mean-sqrt/],
    [[...embed, "--prompt", "question"], '"a"\n', /there is no prompt "question"; the folder has none/],
    [[...embed, "--prompt", "a", "--prefix", "b"], "", /either --prompt.*or --prefix/],
    [[...embed, "--words", "--pooling", "cls"], "", /--pooling is for vectors of whole texts/],
    [["zero-shot", "--model", "model"], '{"text": "a", "labels": ["b"]}\n', /has not been trained for this|no label/],
    [["zero-shot", "--model", "pair"], '{"text": "a", "labels": []}\n', /labels must be an array of at least 1 string/],
    [["zero-shot", "--model", "pair", "--template", "x"], "", /--template x: there is no \{\} for the class/],
    [["rerank", "--model", "pair"], '{"query": "a", "texts": []}\n', /this model has 3 outputs/],
    [["rerank", "--model", "regress"], '{"query": "a"}\n', /"texts" must be a list of texts, got nothing/],
    [["similarity", "--model", "model"], '{"text": 3, "pair": "b"}\n', /"text" must be a text, got 3/],
    [["similarity", "--model", "model", "--among", "nowhere.txt"], "", /cannot read nowhere\.txt/],
  ];
  for (const [words, input, message] of cases) {
    const { status, stderr } = cloze(words, input);
    assert.is(status, 2, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.not.match(stderr, /\n +at /, "no stack trace");
  }
});

test("align: figures by layer, mined pairs, aligned words and word translation", () => {
  writeFileSync(join(place, "one.txt"), "a cat sleeps\n\nthe dog eats meat\nbirds fly south\ncows give milk\n");
  writeFileSync(join(place, "two.txt"), "a cat sleeps\n\nthe dog eats meat\nbirds fly south\ncows give milk\n");
  const align = ["align", "--model", "model", "one.txt", "two.txt"];
  const figures = answers(align, "");
  assert.equal(
    figures.map(({ layer, texts }) => [layer, texts]),
    [
      [0, 4],
      [1, 4],
      [2, 4],
    ],
  );
  // A text and its own copy have one vector: nothing is nearer.
  for (const row of figures)
    for (const name of ["cosine", "csls", "centred", "centred_csls"])
      assert.equal(row[name], { forward: 1, backward: 1, mean: 1 }, name);
  assert.ok("mapped" in answers([...align, "--map", "--layer", "-1"], "")[0]!);
  const mined = answers([...align, "--mine"], "");
  assert.equal(mined.map(({ source, target }) => [source, target]).sort(), [
    [0, 0],
    [2, 2],
    [3, 3],
    [4, 4],
  ]);
  assert.equal(answers([...align, "--words"], "")[0], {
    alignment: [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
    words: ["a", "cat", "sleeps"],
    pair: ["a", "cat", "sleeps"],
  });
  writeFileSync(join(place, "dictionary.tsv"), "cows give milk\tcows give milk\nunknown\tword\n");
  assert.equal(answers([...align, "--dictionary", "dictionary.tsv"], ""), [
    { reciprocalRank: 1, precision: 1, queries: 1, candidates: 4 },
  ]);
});

test("align: the half that fits the map is not tested, and one layer has the same figures as among all", () => {
  const align = ["align", "--model", "model", "one.txt", "two.txt"];
  const mapped = answers([...align, "--map"], "");
  assert.equal(
    mapped.map(({ texts }) => texts),
    [2, 2, 2],
  );
  const all = answers(align, "");
  for (const layer of [0, 1, 2]) assert.equal(answers([...align, "--layer", String(layer)], ""), [all[layer]]);
});

test("align: a sentence model's vectors are its own, special tokens and pooling as its folder says", () => {
  const pooling = join(place, "vectors/1_Pooling/config.json");
  const settings = JSON.parse(readFileSync(pooling, "utf8")) as Record<string, unknown>;
  const other = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      name === "pooling_mode" ? "cls" : typeof value === "boolean" ? name === "pooling_mode_cls_token" : value,
    ]),
  );
  writeFileSync(pooling, JSON.stringify(other));
  writeFileSync(join(place, "cat.txt"), "a cat sleeps\n");
  writeFileSync(join(place, "dog.txt"), "the dog eats meat\n");
  const words = ["align", "--model", "vectors", "--mine", "--scoring", "cosine", "cat.txt", "dog.txt"];
  const [{ score }] = answers(words, "") as [{ score: number }];
  const [{ similarity }] = answers(
    ["similarity", "--model", "vectors"],
    '{"text": "a cat sleeps", "pair": "the dog eats meat"}\n',
  ) as [{ similarity: number }];
  writeFileSync(pooling, JSON.stringify(settings));
  // Both from the same f32 vectors; here these are not normalized before the cosine, which rounds each number once more.
  assert.ok(Math.abs(score - similarity) < 1e-6, `${score} and ${similarity}`);
});

test("align: lines that are not parallel are named", () => {
  writeFileSync(join(place, "short.txt"), "a cat sleeps\n");
  const { status, stderr } = cloze(["align", "--model", "model", "one.txt", "short.txt"]);
  assert.is(status, 2);
  assert.match(stderr, /line 3 is empty in either one.txt or short.txt/);
  assert.match(
    cloze(["align", "--model", "model", "one.txt", "two.txt", "--layer", "7"]).stderr,
    /layers 0 \(embeddings\) to 2/,
  );
  for (const option of ["--layer", "--threshold"]) {
    const refused = cloze(["align", "--model", "model", "one.txt", "two.txt", option, "high"]);
    assert.is(refused.status, 2);
    assert.match(refused.stderr, /expected a (whole )?number, got "high"/);
  }
});

test.after(remove);
test.run();
