/**
 * Training steps beside PyTorch's (eager, one thread), in turn: forward, backward, clipping and AdamW. Both see the same ids and
 * labels and begin with random weights of their own.
 *
 *   pip install torch transformers
 *   node scripts/run.mjs bench/peers/training.ts [NAME…] [--python PROGRAM] [--rounds N] [--head masked|all] [--dropout X] [--build B] [--turbo] [--write]
 *
 * NAME is one of tiny, mini, minilm, nanogpt; without one, all. A ratio above 1 says how much faster Cloze is. Times are those of
 * the processor. `--turbo` measures the relaxed build under V8's flag. `--write` puts the ratios into BENCHMARKS.md.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { randomIds } from "../bert.js";
import { runtime } from "../measure.js";
import { record } from "../record.js";
import { root } from "./packages.js";
import { ratioOf, spent } from "./rounds.js";

interface Subject {
  readonly name: string;
  readonly kind: "mlm" | "gpt";
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly vocab: number;
  readonly positions: number;
  readonly batch: number;
  readonly seq: number;
}

const BERT = { kind: "mlm", vocab: 30_522, positions: 512, batch: 16, seq: 128 } as const;
const SUBJECTS: Readonly<Record<string, Subject>> = {
  tiny: { name: "BERT-tiny", layers: 2, width: 128, heads: 2, ...BERT },
  mini: { name: "BERT-mini", layers: 4, width: 256, heads: 4, ...BERT },
  minilm: { name: "MiniLM-L6", layers: 6, width: 384, heads: 12, ...BERT },
  nanogpt: {
    name: "nanoGPT small",
    kind: "gpt",
    layers: 4,
    width: 128,
    heads: 4,
    vocab: 65,
    positions: 64,
    batch: 12,
    seq: 64,
  },
};
/** Of seven tokens one is predicted: about 15 %. */
const MASKED_EVERY = 7;
const NOT_SCORED = -100;
/** Steps before the first round: compilers, memory, and moments that are there. */
const WARM_UP = 3;
/** The least milliseconds of a sample. */
const LEAST = 300;

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "5" },
    head: { type: "string", default: "masked" },
    dropout: { type: "string", default: "0" },
    build: { type: "string", default: "strict" },
    turbo: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const [rounds, dropout] = [Number(options.rounds), Number(options.dropout)];
if (!(Number.isInteger(rounds) && rounds > 0))
  throw new Error(`training.ts: --rounds is a number from 1, not ${options.rounds}`);
if (!(dropout >= 0 && dropout < 1))
  throw new Error(`training.ts: --dropout is a share below 1, not ${options.dropout}`);
if (!["masked", "all"].includes(options.head))
  throw new Error(`training.ts: --head is masked or all, not ${options.head}`);
// The adapter takes the build from its environment, and turbo from the process.
process.env["CLOZE_BUILD"] = options.turbo ? "relaxed" : options.build;
if (options.turbo) setFlagsFromString("--experimental-wasm-revectorize");

/** PyTorch in a process of its own, which waits while Cloze computes. */
class Torch {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(settings: object) {
    this.#child = spawn(options.python, [join(root, "bench/peers/training-torch.py")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.on("error", ({ message }) => {
      throw new Error(`${message}: --python names a Python with torch and transformers`);
    });
    // A program that has ended is noticed where its answer is read.
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stdin.write(`${JSON.stringify(settings)}\n`);
  }

  /** Milliseconds of one step. */
  async step(): Promise<number> {
    this.#child.stdin.write("\n");
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("PyTorch has ended; its message is above");
    return (JSON.parse(value) as { ms: number }).ms;
  }

  end(): void {
    this.#child.stdin.end();
  }
}

/** Milliseconds of a step: the mean of as many as take {@link LEAST}. */
async function timed(step: () => number | Promise<number>): Promise<number> {
  let [count, sum] = [0, 0];
  for (; sum < LEAST; count++) sum += await step();
  return sum / count;
}

async function compare(subject: Subject): Promise<object> {
  const { kind, vocab, batch, seq, name } = subject;
  const ids = randomIds(batch * seq, vocab);
  const labels = ids.map((id, at) => (kind === "gpt" || at % MASKED_EVERY === 1 ? id : NOT_SCORED));
  const rest = { lr: 1e-4, betas: [0.9, 0.999], weightDecay: 0.01, clip: 1, seed: 1, threads: 1 };
  const settings = {
    ...subject,
    ...rest,
    // nanoGPT's small network has a loss for every token, and no dropout.
    head: kind === "gpt" ? "all" : options.head,
    dropout: kind === "gpt" ? 0 : dropout,
  };
  // A path that is not known when this file is compiled: the adapter imports the package as its users do.
  const { train } = await import(join(root, "bench/peer-adapter.mjs"));
  const own = await train(settings);
  const torch = new Torch({ ...settings, ids: [...ids], labels: [...labels] });
  const stepOwn = (): number => {
    const begun = spent();
    own.step({ ids, labels });
    return spent() - begun;
  };
  for (let i = 0; i < WARM_UP; i++) {
    await timed(stepOwn);
    await torch.step();
  }
  const times = { own: [] as number[], torch: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const turns = [
      async () => times.own.push(await timed(stepOwn)),
      async () => times.torch.push(await timed(() => torch.step())),
    ];
    for (const turn of round % 2 ? turns.reverse() : turns) await turn();
  }
  torch.end();
  own.dispose();
  const what = [
    `${batch} x ${seq}`,
    kind === "gpt" ? "every token" : `head at ${options.head} positions`,
    ...(settings.dropout ? [`dropout ${settings.dropout}`] : []),
    options.turbo ? "turbo" : options.build,
  ];
  return {
    name: `training step of ${name}, ${what.join(", ")}`,
    beside: "PyTorch eager f32",
    dtype: "f32",
    runtime,
    ...ratioOf(times.own, times.torch),
  };
}

const lines: string[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(SUBJECTS)) {
  const subject = SUBJECTS[name];
  if (!subject) throw new Error(`training.ts: ${name} is not one of ${Object.keys(SUBJECTS).join(", ")}`);
  lines.push(JSON.stringify(await compare(subject)));
  console.log(lines.at(-1));
}
if (options.write) console.error(`${record(lines.join("\n"), root)} ratios written to BENCHMARKS.md`);
process.exit(0);
