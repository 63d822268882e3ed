/** The commands that corrupt and write texts, as a user runs them. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { writeFolder } from "../../sdk/io/files/write-whole.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { freshModel } from "../../sdk/train/fresh/fresh-model.js";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";
import { tokenizer } from "../helpers/small-bert.js";

const test = suite("cloze writes");
const { place, cloze, remove } = commandIn("writes");

interface Line {
  readonly ids: number[];
  readonly tokens: string[];
  readonly labels: (number | null)[];
  readonly target?: Line;
}
const lines = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

const engine = await Engine.create();
const common = { vocab_size: tokenizer.size, bos_token_id: 2, eos_token_id: 3, pad_token_id: 0 };
const folders = {
  writer: {
    purpose: "causal-lm",
    config: { ...common, model_type: "gpt2", n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32 },
  },
  rewriter: {
    purpose: "seq2seq-lm",
    config: {
      ...common,
      model_type: "t5",
      d_model: 16,
      d_kv: 8,
      d_ff: 32,
      num_layers: 1,
      num_heads: 2,
      is_encoder_decoder: true,
      decoder_start_token_id: 0,
    },
  },
} as const;
for (const [name, { purpose, config }] of Object.entries(folders)) {
  const loaded = freshModel(engine, config, purpose, 1);
  await writeFolder(join(place, name), false, (files) => saveModel(files, { ...loaded, tokenizer, maxLength: 32 }));
}

test("corrupt: labels are the originals, a seed gives one corruption, targets come with encoder-decoders", () => {
  const words = ["corrupt", "--tokenizer", "writer", "--json", "--objective"];
  const masked = cloze([...words, "masked-lm"], '"the cat sat on the mat"\n');
  assert.is(masked.status, 0, masked.stderr);
  const [line] = lines(masked.stdout);
  const plain = tokenizer.encode("the cat sat on the mat").ids;
  assert.is(line!.labels.filter((label) => label !== null).length, 1);
  for (const [i, label] of line!.labels.entries()) assert.is(label ?? line!.ids[i], plain[i]);
  assert.is(cloze([...words, "masked-lm"], '"the cat sat on the mat"\n').stdout, masked.stdout);
  const [bart] = lines(cloze([...words, "bart-infill"], '"the cat sat on the mat"\n').stdout);
  assert.equal(bart!.target!.labels, Array.from(plain));
  assert.equal(bart!.target!.ids, [plain.at(-1), ...plain.slice(0, -1)]);
  const unknown = cloze([...words, "nothing"], "");
  assert.is(unknown.status, 2);
  assert.match(unknown.stderr, /--objective "nothing": expected one of masked-lm/);
});

test("generate: greedy is the same each time, chance follows the seed, a prompt begins its text", () => {
  const run = (...more: string[]) => {
    const { status, stdout, stderr } = cloze(
      ["generate", "--model", "writer", "--json", "--tokens", "6", ...more],
      '"the cat"\n{"text": "a dog"}\n',
    );
    assert.is(status, 0, stderr);
    return stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { text: string }).text);
  };
  const greedy = run();
  assert.is(greedy.length, 2);
  assert.ok(greedy[0]!.startsWith("the cat") && greedy[1]!.startsWith("a dog"));
  assert.equal(run(), greedy);
  assert.equal(run("--threads", "2"), greedy);
  const chance = (seed: string) => run("--sample", "--temperature", "2", "--top-k", "0", "--seed", seed);
  assert.equal(chance("1"), chance("1"));
  assert.not.equal(chance("1"), chance("2"));
});

test("generate: options of sampling are refused where nothing is sampled", () => {
  const refused = (...words: string[]) => {
    const { status, stderr } = cloze(["generate", "--model", "writer", "--text", ...words], "the cat\n");
    assert.is(status, 2, stderr);
    return stderr;
  };
  for (const option of [
    ["--temperature", "0.5"],
    ["--top-k", "3"],
    ["--top-p", "0.9"],
  ]) {
    assert.match(
      refused("--num-beams", "3", ...option),
      new RegExp(`${option[0]} and --num-beams 3 exclude each other`),
    );
    assert.match(refused(...option), new RegExp(`${option[0]} needs --do-sample`));
  }
});

test("generate: a text appears while it is written, and is the same text", () => {
  // Marks chunks that are written to standard output at once.
  const marking =
    'const { write } = process.stdout; process.stdout.write = function (text) { return write.call(this, "<" + text + ">"); };';
  const words = ["generate", "--model", "writer", "--tokens", "6", "--text"];
  const whole = cloze([...words, "--threads", "2"], "the cat\n\na dog\n");
  const env = { ...process.env, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(marking)}` };
  const { stdout, status, stderr } = spawnSync(process.execPath, [join(root, "dist/cli.js"), ...words], {
    ...{ encoding: "utf8", cwd: place, env, input: "the cat\n\na dog\n" },
  });
  assert.is(status, 0, stderr);
  assert.match(stdout, /^<the cat[^>]*><[^>]+><[^>]+>/, "several pieces, of which the first has the prompt");
  assert.is(stdout.replace(/[<>]/g, ""), whole.stdout);
  const beams = cloze([...words, "--beams", "2"], "the cat\n");
  assert.is(beams.status, 0, beams.stderr);
});

test("translate: an encoder-decoder writes from its source; options that do not fit the model are refused", () => {
  const { status, stdout, stderr } = cloze(
    ["translate", "--model", "rewriter", "--text", "--beams", "2", "--tokens", "5", "--prefix", "the "],
    "cat sat\n",
  );
  assert.is(status, 0, stderr);
  assert.is(stdout.trimEnd().split("\n").length, 1);
  const prefix = cloze(["generate", "--model", "writer", "--prefix", "x"], '"a"\n');
  assert.is(prefix.status, 2);
  assert.match(prefix.stderr, /for encoder-decoders/);
  const long = cloze(["generate", "--model", "writer", "--tokens", "100"], '"a"\n');
  assert.is(long.status, 2);
  assert.match(long.stderr, /do not fit the model's 32 positions/);
});

test.after(() => {
  engine.dispose();
  remove();
});

test.run();
