/**
 * The command line: values of flags, and the records of runs that `verify`, `report` and `--resume` read. Commands run in this
 * process, as `sdk/cli/main.ts` runs them; their output is discarded.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError as PackageError } from "cloze";
import { type Command, CommanderError } from "commander";
import fc from "fast-check";
import { alignCommand } from "../../../sdk/cli/commands/align.js";
import { compareCommands } from "../../../sdk/cli/commands/compare.js";
import { corruptCommand } from "../../../sdk/cli/commands/corrupt.js";
import { distillCommand } from "../../../sdk/cli/commands/distill.js";
import { embedCommand } from "../../../sdk/cli/commands/embed.js";
import { evaluateCommand } from "../../../sdk/cli/commands/evaluate.js";
import { finetuneCommand } from "../../../sdk/cli/commands/finetune.js";
import { generateCommands } from "../../../sdk/cli/commands/generate.js";
import { predictCommand } from "../../../sdk/cli/commands/predict.js";
import { pretrainCommand } from "../../../sdk/cli/commands/pretrain.js";
import { quantizeCommand } from "../../../sdk/cli/commands/quantize.js";
import { reportCommand } from "../../../sdk/cli/commands/report.js";
import { tokenizeCommand } from "../../../sdk/cli/commands/tokenize.js";
import { trainTokenizerCommand } from "../../../sdk/cli/commands/train-tokenizer.js";
import { verifyCommand } from "../../../sdk/cli/commands/verify.js";
import { InputError } from "../../../sdk/index.js";
import { parted, ROWS, TEXTS, whole } from "../fixtures.js";
import { hostileText } from "../hostile.js";
import { callMutant, encode, fileMutant, type Target } from "../mutant.js";
import { mutantJson, mutantLines } from "../mutations.js";

const here = new URL("file:///cloze");
const commands: Readonly<Record<string, () => Command>> = {
  ...Object.fromEntries(
    [
      alignCommand,
      corruptCommand,
      distillCommand,
      evaluateCommand,
      finetuneCommand,
      pretrainCommand,
      quantizeCommand,
      reportCommand,
      tokenizeCommand,
      trainTokenizerCommand,
      verifyCommand,
    ].map((make) => [make().name(), make]),
  ),
  ...Object.fromEntries([embedCommand, predictCommand].map((make) => [make(here).name(), () => make(here)])),
  ...Object.fromEntries(
    [generateCommands, compareCommands].flatMap((make) =>
      make(here).map((command, i) => [command.name(), () => make(here)[i]!]),
    ),
  ),
};

/** Run something while standard output and error go nowhere; reports of the fuzzer use neither. */
async function quietly(run: () => Promise<unknown>): Promise<void> {
  const [out, error] = [process.stdout.write, process.stderr.write];
  process.stdout.write = process.stderr.write = () => true;
  try {
    await run();
  } finally {
    process.stdout.write = out;
    process.stderr.write = error;
    process.exitCode = undefined;
  }
}

/** Run a command. Its errors are those of the package; the fuzzer's are of these sources. */
async function cloze([name, ...words]: readonly string[]): Promise<void> {
  const command = commands[name!]!()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    await quietly(() => command.parseAsync(words, { from: "user" }));
  } catch (error) {
    if (error instanceof PackageError || error instanceof CommanderError)
      throw new InputError((error as Error).message, { cause: error });
    throw error;
  }
}

const SIZES = "--layers 1 --width 8 --heads 2 --length 16 --rows 2 --steps 1 --eval-every 0";
/** A valid call of every command, with the files of {@link prepare}. */
const CALLS: readonly string[] = [
  `pretrain --objective masked-lm --tokenizer bert ${SIZES} --force --out made text.txt`,
  "finetune --task classify --model bert --train rows.tsv --epochs 1 --force --out made",
  "distill --teacher bert --layers 1 --length 16 --rows 2 --steps 1 --eval-every 0 --force --out made text.txt",
  "evaluate --model classify --test rows.tsv",
  "predict --model classify --text --top 2 text.txt",
  "embed --model bert --text --layers 0,1 --pooling mean text.txt",
  "similarity --model bert --text --among text.txt --top 1 text.txt",
  "corrupt --tokenizer bert --objective masked-lm --rate 0.2 --seed 3 --text text.txt",
  "tokenize --tokenizer bert --text text.txt",
  "train-tokenizer --size 40 --model wordpiece --smoothing 0.5 --force --out made.json text.txt text.txt",
  "quantize --model bert --dtype q8 --force --out made",
  "align --model bert text.txt text.txt",
  "report bert --force --out made.html",
  "verify bert text.txt --steps 1",
];

/** Large numbers of these flags ask for much work, which is given; others are bounded, or refused. */
const LONG = new Set(
  "--steps --epochs --layers --width --heads --length --rows --size --examples --tokens --beams --seeds".split(" "),
);

/** A value that a flag may not take, or a small one that it may. */
const smallValue: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ..."0 1 2 3 0.5 1.5 -1 -0 1e-9 NaN Infinity -Infinity 1e400 0x2 1_0 ٣ , 1, ,1 1,1 a,a none true __proto__ toString constructor".split(
        " ",
      ),
      "",
      " ",
      "--",
      "\u001b[31m",
      "\ud800",
      "a\u0000b",
      "x".repeat(5000),
      "../x",
      "text.txt",
      "bert",
      "bert/config.json",
      "/dev/null",
    ),
  },
  { weight: 2, arbitrary: hostileText.filter((text) => !text.startsWith("-")) },
);
const anyValue = fc.oneof(
  { weight: 5, arbitrary: smallValue },
  { weight: 1, arbitrary: fc.constantFrom("4294967296", "9007199254740993", "1e308", "-1e9", "65536") },
);

/** The files that commands read, made once in the folder of this process. */
let made: Promise<void> | undefined;
function prepare(): Promise<void> {
  made ??= (async () => {
    const place = join(process.cwd(), `commands-${process.pid}`);
    mkdirSync(place, { recursive: true });
    process.chdir(place);
    process.on("exit", () => rmSync(place, { recursive: true, force: true }));
    process.env["HF_HUB_OFFLINE"] = "1";
    process.env["HF_HOME"] = join(place, "none");
    writeFileSync("text.txt", [...TEXTS, "", ...TEXTS].join("\n"));
    writeFileSync("rows.tsv", ROWS);
    await cloze("train-tokenizer --size 60 --out tok.json text.txt".split(" "));
    await cloze(
      `pretrain --objective masked-lm --tokenizer tok.json ${SIZES} --checkpoint-every 1 --out bert text.txt`.split(
        " ",
      ),
    );
    await cloze("finetune --task classify --model bert --train rows.tsv --epochs 1 --out classify".split(" "));
  })();
  return made;
}

/** Values of one or two flags of a valid call, of flags that it has or of others that its command knows. */
function mutantCall(call: string): fc.Arbitrary<readonly string[]> {
  const words = call.split(" ");
  const flags = commands[words[0]!]!()
    .options.filter((option) => option.required && !/^--(out|resume|threads)$/.test(option.long ?? ""))
    .map((option) => option.long!);
  const edit = fc
    .constantFrom(...flags)
    .chain((flag) =>
      (LONG.has(flag) || isLong(words[0]!, flag) ? smallValue : anyValue).map((value) => ({ flag, value })),
    );
  return fc.array(edit, { minLength: 1, maxLength: 2 }).map((edits) => {
    const changed = [...words];
    for (const { flag, value } of edits) changed.splice(1, 0, `${flag}=${value}`);
    return changed;
  });
}

/** Whether a flag, under another of its names, is one of {@link LONG}. */
const isLong = (name: string, flag: string): boolean =>
  commands[name]!().options.some(
    (option) => option.flags.includes(flag) && [...LONG].some((long) => option.flags.includes(long)),
  );

const RECORD = "bert/run_manifest.json";
const CURVES = "bert/curves.jsonl";

/** Read a mutant of a file of the run in its place, which is as it was afterwards. */
async function inPlace(path: string, bytes: Uint8Array, read: () => Promise<void>): Promise<void> {
  const before = readFileSync(path);
  writeFileSync(path, bytes);
  try {
    await read();
  } finally {
    writeFileSync(path, before);
    for (const name of ["made", "made.html", "made.checkpoint", "made.curves.jsonl"])
      if (existsSync(name)) rmSync(name, { recursive: true });
  }
}

/** A record with other options: those determine the derived run. */
const mutantOptions = (record: Record<string, unknown>): fc.Arbitrary<Uint8Array> =>
  mutantJson(record["options"])
    .filter((json) => !asksForWork(json))
    .map((json) =>
      encode(
        `{"options":${new TextDecoder().decode(json)},${JSON.stringify({ ...record, options: undefined }).slice(1)}`,
      ),
    );

const WORK = "steps epochs numHiddenLayers hiddenSize maxLength batchSize gradientAccumulationSteps".split(" ");

/** The value of a JSON text; null where it is none. */
function valueIn(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    return null;
  }
}

/** Whether options, or those of a record, are good ones, of a run that takes long. */
function asksForWork(json: Uint8Array): boolean {
  const record = valueIn(json) as Record<string, unknown> | null;
  const options = (record?.["options"] ?? record) as Record<string, unknown> | null;
  return WORK.some((name) => !Array.isArray(options?.[name]) && Number(options?.[name]) > 100);
}

export const COMMAND_TARGETS: Readonly<Record<string, Target>> = {
  "command-flags": async () => {
    await prepare();
    return fc.oneof(...CALLS.map(mutantCall)).map((words) =>
      callMutant(
        "flags",
        () => JSON.stringify(words),
        () => cloze(words),
      ),
    );
  },
  "run-manifest": async () => {
    await prepare();
    const record = JSON.parse(readFileSync(RECORD, "utf8")) as Record<string, unknown>;
    const reads = [
      ["verify", "bert", "text.txt", "--steps", "0"],
      ["report", "bert", "--force", "--out", "made.html"],
    ];
    return fc
      .tuple(fc.oneof(mutantJson(record), mutantOptions(record)), fc.constantFrom(...reads))
      .map(([bytes, words]) =>
        fileMutant("run_manifest.json", bytes, () => inPlace(RECORD, bytes, () => cloze(words))),
      );
  },
  "run-curves": async () => {
    await prepare();
    const lines = readFileSync(CURVES, "utf8").trim().split("\n");
    const one = fc
      .nat(lines.length - 1)
      .chain((i) =>
        mutantJson(JSON.parse(lines[i]!)).map((json) =>
          encode(lines.with(i, new TextDecoder().decode(json)).join("\n")),
        ),
      );
    return fc
      .oneof(one, mutantLines(lines.join("\n")))
      .map((bytes) =>
        fileMutant("curves.jsonl", bytes, () =>
          inPlace(CURVES, bytes, () => cloze(["report", "bert", "--force", "--out", "made.html"])),
        ),
      );
  },
  "checkpoint-note": async () => {
    await prepare();
    await interrupted();
    const file = readFileSync("kept.checkpoint");
    const { header, body } = parted(file);
    const metadata = header["__metadata__"] as Record<string, string>;
    const [name, note] = Object.entries(metadata).find(([, text]) => text.includes('"options"'))!;
    const record = JSON.parse(note) as Record<string, unknown>;
    const damaged = mutantJson(record).filter((json) => !asksForWork(json));
    // Few damaged records can be resumed: the valid one is resumed among them.
    return fc.oneof(damaged, mutantOptions(record), fc.constant(encode(note))).map((json) => {
      const changed = { ...metadata, [name]: new TextDecoder().decode(json) };
      const bytes = whole(encode(JSON.stringify({ ...header, __metadata__: changed })), body);
      return fileMutant("kept.checkpoint", bytes, () =>
        inPlace("kept.checkpoint", bytes, () =>
          cloze(["pretrain", "--resume", "kept", "--out", "made", "--force", "text.txt"]),
        ),
      );
    });
  },
};

/** Leave the checkpoint of a run behind: its result cannot be put in its place. */
async function interrupted(): Promise<void> {
  const words = `${SIZES.replace("--steps 1", "--steps 2")} --objective masked-lm --tokenizer tok.json --checkpoint-every 1`;
  await quietly(async () => {
    // The place is taken when the second step is reported.
    process.stdout.write = () => {
      if (existsSync("kept.checkpoint")) mkdirSync("kept/taken", { recursive: true });
      return true;
    };
    const command = pretrainCommand().exitOverride();
    await command.parseAsync(`${words} --json --out kept text.txt`.split(" "), { from: "user" }).catch(() => {});
  });
  rmSync("kept", { recursive: true });
}
