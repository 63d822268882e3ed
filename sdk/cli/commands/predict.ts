import {
  type Classified,
  type EntityGroup,
  type Files,
  type Filled,
  fillMask,
  type PipelineOptions,
  questionAnswering,
  type TaggedWord,
  textClassification,
  tokenClassification,
} from "cloze";
import { exists, folder } from "cloze/node";
import { Command } from "commander";
import {
  engineOf,
  loadingOf,
  type ModelOptions,
  SHARED_LINES,
  withInferenceOptions,
} from "../shared/engine-options.js";
import { parseLine, readFields } from "../shared/input.js";
import { answerLines, type InputLine, type LineWork, lineWork } from "../shared/threads.js";
import { UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly text?: boolean;
  readonly aggregate: "word" | "entity";
  readonly top: number;
  readonly handleImpossibleAnswer?: boolean;
  readonly length?: number;
}

type Fields = Record<string, unknown>;

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string")
    throw new UsageError(`"${name}" must be a text, got ${JSON.stringify(value) ?? "nothing"}`);
  return value;
}

/** Maps a line's object to the value printed for it. */
type Predict = ((fields: Fields) => unknown) & Disposable;

/** A pipeline, and its answer to each line. */
const answering = (pipeline: Disposable, answer: (fields: Fields) => unknown): Predict =>
  Object.assign(answer, { [Symbol.dispose]: () => pipeline[Symbol.dispose]() });

// Results of the SDK have the field's names; the command's own are documented, and differ.
/** Scores by label; a list where labels repeat. */
function showClasses(classes: readonly Classified[]) {
  if (classes.length === 1) return { score: classes[0]!.score };
  const scores = Object.fromEntries(classes.map(({ label, score }) => [label, score]));
  return { ...classes[0]!, scores: Object.keys(scores).length === classes.length ? scores : classes };
}

const showWord = ({ word, start, end, entity: label, score }: TaggedWord) => ({ word, start, end, label, score });

const showEntity = ({ word, start, end, entity_group: label, score }: EntityGroup) => ({
  word,
  start,
  end,
  label,
  score,
});

const showGuess = ({ token: id, token_str: token, score, sequence }: Filled) => ({ token, id, score, sequence });

/** A list for one mask, a list of lists for several. */
const showMasks = (masks: readonly (readonly Filled[])[]) =>
  masks.length === 1 ? masks[0]!.map(showGuess) : masks.map((guesses) => guesses.map(showGuess));

function classified(fields: Fields) {
  // A second text that is null counts as absent, as in training files.
  return { text: text(fields, "text"), ...((fields["pair"] ?? null) !== null && { pair: text(fields, "pair") }) };
}

function tagged(fields: Fields) {
  const { words } = fields;
  if (words === undefined) return text(fields, "text");
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string"))
    throw new UsageError(`"words" must be a list of texts, got ${JSON.stringify(words)}`);
  return { words };
}

/** The pipeline that the folder's architecture is made for. */
async function pipelineOf(
  files: Files,
  architecture: string,
  { aggregate, top, handleImpossibleAnswer = false }: Options,
  settings: PipelineOptions,
): Promise<Predict> {
  if (architecture.endsWith("SequenceClassification")) {
    const classify = await textClassification(files, { ...settings, topK: null });
    return answering(classify, (fields) => showClasses(classify(classified(fields))));
  }
  if (architecture.endsWith("TokenClassification") && aggregate === "entity") {
    const find = await tokenClassification(files, { ...settings, aggregationStrategy: "first" });
    return answering(find, (fields) => find(tagged(fields)).map(showEntity));
  }
  if (architecture.endsWith("TokenClassification")) {
    const tag = await tokenClassification(files, settings);
    return answering(tag, (fields) => tag(tagged(fields)).map(showWord));
  }
  if (architecture.endsWith("QuestionAnswering")) {
    const answer = await questionAnswering(files, { ...settings, handleImpossibleAnswer });
    return answering(answer, (fields) => answer(text(fields, "question"), text(fields, "context")));
  }
  if (/(MaskedLM|PreTraining)$/.test(architecture)) {
    const fill = await fillMask(files, { ...settings, topK: top });
    return answering(fill, (fields) => showMasks(fill.masks(text(fields, "text"))));
  }
  throw new UsageError(
    `a model of architecture ${architecture || "(none)"} has no head that predicts; for vectors use cloze embed`,
  );
}

/** PEFT's names of adapter tasks, with the ends of the published class names. */
const TASKS: Readonly<Record<string, string>> = {
  SEQ_CLS: "SequenceClassification",
  TOKEN_CLS: "TokenClassification",
  QUESTION_ANS: "QuestionAnswering",
};

/** The published class that the folder is saved as; with an adapter, the one that it was trained for. */
async function architectureOf({ model, adapter }: Options): Promise<string> {
  if (adapter !== undefined && !(await exists(`${adapter}/config.json`))) {
    const { task_type: type } = await readFields(`${adapter}/adapter_config.json`);
    const task = typeof type === "string" && Object.hasOwn(TASKS, type) ? TASKS[type] : undefined;
    if (task !== undefined) return task;
  }
  const own = adapter !== undefined && (await exists(`${adapter}/config.json`));
  const { architectures } = await readFields(`${own ? adapter : model}/config.json`);
  return String((architectures as unknown[] | undefined)?.[0] ?? "");
}

function fieldsOf(value: unknown): Fields {
  if (typeof value === "string") return { text: value };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`expected a JSON object or string, got ${JSON.stringify(value)}`);
  return value as Fields;
}

/** The model of the options, as a function of lines. */
export async function openPredict(options: Options): Promise<LineWork> {
  const engine = await engineOf(options);
  const settings = {
    engine,
    ...loadingOf(options),
    ...(options.length !== undefined && { length: options.length }),
    ...(options.adapter !== undefined && { adapter: folder(options.adapter) }),
  };
  const predict = await pipelineOf(folder(options.model), await architectureOf(options), options, settings);
  const one = ({ source, number, text: line }: InputLine) =>
    JSON.stringify(predict(options.text ? { text: line } : fieldsOf(parseLine(source, number, line))));
  return lineWork((lines) => lines.map(one), predict);
}

/** @param program the file that threads run */
export function predictCommand(program: URL): Command {
  return withInferenceOptions(new Command("predict"), SHARED_LINES)
    .description("Answer, classify, tag or fill masks, as the model folder is made for.")
    .argument(
      "[file...]",
      'lines of JSON: {"text"}, {"text", "pair"}, {"words"} or {"question", "context"}; - or none for standard input',
    )
    .requiredOption("--model <model>", "a fine-tuned or pre-trained model folder")
    .option("--adapter <model>", "an adapter of that model, as finetune --lora or PEFT saves it")
    .option("--text", "lines are plain text, not JSON")
    .option("--aggregate <how>", "tagging: word or entity", "word")
    .option("--top <n>", "masks: how many guesses", wholeNumber(1), 5)
    .option("--handle-impossible-answer", 'questions: answer "" where "no answer" scores highest, as SQuAD 2.0 does')
    .option("--length <n>", "longest sequence in tokens", wholeNumber(8))
    .addHelpText(
      "after",
      `\nExamples:\n  echo '{"question": "Where does Anna live?", "context": "Anna lives in Rome."}' | cloze predict --model my-qa\n  echo 'The cat drinks [MASK].' | cloze predict --model my-bert --text`,
    )
    .action((files: string[], options: Options) =>
      answerLines(files, { name: "predict", program, open: openPredict }, options),
    );
}
