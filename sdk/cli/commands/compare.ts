/** The commands that compare texts: with classes, with a query, with each other. */
import { featureExtraction, nearest, sentenceSimilarity, textRanking, zeroShotClassification } from "cloze";
import { readSentenceSettings } from "cloze/data";
import { folder } from "cloze/node";
import { Command } from "commander";
import {
  engineOf,
  loadingOf,
  type ModelOptions,
  SHARED_LINES,
  withInferenceOptions,
} from "../shared/engine-options.js";
import { collect, fileSource, parseLine } from "../shared/input.js";
import { answerLines, type InputLine, type LineWork, lineWork } from "../shared/threads.js";
import { UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly length?: number;
}

interface RankOptions extends Options {
  readonly top?: number;
}

interface SimilarityOptions extends RankOptions {
  readonly among?: string;
  readonly text?: boolean;
}

interface ZeroShotOptions extends Options {
  readonly labels?: string;
  readonly template?: string;
  readonly several?: boolean;
}

/** Default of --top with --among. */
const NEIGHBOURS = 5;

type Fields = Readonly<Record<string, unknown>>;

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string")
    throw new UsageError(`"${name}" must be a text, got ${JSON.stringify(value) ?? "nothing"}`);
  return value;
}

function texts(fields: Fields, name: string): string[] {
  const value = fields[name];
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string"))
    throw new UsageError(`"${name}" must be a list of texts, got ${JSON.stringify(value) ?? "nothing"}`);
  return value;
}

/** Lines of JSON objects, or with `plain` of text, each answered by an object. */
function answering(answer: (fields: Fields) => unknown, owned: Disposable, plain = false): LineWork {
  const one = ({ source, number, text: line }: InputLine): string => {
    const value = plain ? line : parseLine(source, number, line);
    const fields = typeof value === "string" ? { text: value } : value;
    if (typeof fields !== "object" || fields === null || Array.isArray(fields))
      throw new UsageError(`expected a JSON object, got ${JSON.stringify(value)}`);
    return JSON.stringify(answer(fields as Fields));
  };
  return lineWork((lines) => lines.map(one), owned);
}

const settings = async (options: Options) => ({
  engine: await engineOf(options),
  ...loadingOf(options),
  ...(options.length !== undefined && { length: options.length }),
});

export async function openZeroShot(options: ZeroShotOptions): Promise<LineWork> {
  const { labels, template, several } = options;
  if (template !== undefined && !template.includes("{}"))
    throw new UsageError(`--template ${template}: there is no {} for the class`);
  const classify = await zeroShotClassification(folder(options.model), {
    ...(await settings(options)),
    ...(template !== undefined && { hypothesisTemplate: template }),
    ...(several && { multiLabel: true }),
  });
  const classes = labels?.split(",").map((label) => label.trim());
  return answering((fields) => {
    const { labels, scores } = classify({ text: text(fields, "text"), labels: classes ?? texts(fields, "labels") });
    const [label, score] = [labels[0], scores[0]];
    return { label, score, scores: Object.fromEntries(labels.map((name, i) => [name, scores[i]])) };
  }, classify);
}

export async function openRerank(options: RankOptions): Promise<LineWork> {
  const { top } = options;
  const rank = await textRanking(folder(options.model), { ...(await settings(options)), ...(top && { topK: top }) });
  return answering(
    (fields) => ({ ranking: rank({ query: text(fields, "query"), texts: texts(fields, "texts") }) }),
    rank,
  );
}

/** Nearest neighbors of each text among the lines of a file, which are embedded once. */
async function openNeighbours(options: SimilarityOptions, among: string): Promise<LineWork> {
  const texts = (await collect(fileSource(among).lines)).filter((line) => line !== "");
  const { similarity } = await readSentenceSettings(folder(options.model));
  const embed = await featureExtraction(folder(options.model), await settings(options));
  const vectors = embed(texts);
  return answering(
    (fields) => {
      const found = nearest(embed(text(fields, "text")), vectors, options.top ?? NEIGHBOURS, similarity);
      return { neighbours: found.map(({ index, score }) => ({ index, text: texts[index], score })) };
    },
    embed,
    options.text,
  );
}

export async function openSimilarity(options: SimilarityOptions): Promise<LineWork> {
  if (options.text && options.among === undefined)
    throw new UsageError("--text is for --among; pairs of texts are JSON objects");
  if (options.among !== undefined) return openNeighbours(options, options.among);
  const compare = await sentenceSimilarity(folder(options.model), await settings(options));
  return answering((fields) => {
    if (fields["pair"] !== undefined)
      return { similarity: compare({ text: text(fields, "text"), texts: [text(fields, "pair")] })[0] };
    return { similarities: compare({ text: text(fields, "text"), texts: texts(fields, "texts") }) };
  }, compare);
}

function command(name: string, description: string, input: string, example: string): Command {
  return withInferenceOptions(new Command(name), SHARED_LINES)
    .description(description)
    .argument("[file...]", `lines of JSON: ${input}; - or none for standard input`)
    .requiredOption("--model <model>", "a model's folder or published name")
    .option("--length <n>", "longest sequence in tokens", wholeNumber(2))
    .addHelpText("after", `\nExample:\n  ${example}`);
}

/** @param program the file that threads run */
export function compareCommands(program: URL): Command[] {
  return [
    command(
      "zero-shot-classification",
      "Classify by any labels, with a natural language inference model. Alias: zero-shot.",
      '{"text", "labels": […]}, or {"text"} with --labels',
      `echo '{"text": "The goalkeeper was hurt."}' | cloze zero-shot-classification --model bart-large-mnli --labels sport,politics`,
    )
      .alias("zero-shot")
      .option("--labels <names>", "classes for all lines, separated by commas")
      .option("--template <text>", "hypothesis, with {} for the class")
      .option("--several", "multi-label: score each class independently")
      .action((files: string[], options: ZeroShotOptions) =>
        answerLines(files, { name: "zero-shot-classification", program, open: openZeroShot }, options),
      ),
    command(
      "rerank",
      "Rank texts by relevance to a query, with a cross-encoder.",
      '{"query", "texts": […]}',
      `echo '{"query": "how bees fly", "texts": ["Bees beat their wings.", "Bread rises."]}' | cloze rerank --model ms-marco`,
    )
      .option("--top <n>", "number of texts to return; default: all", wholeNumber(1))
      .action((files: string[], options: RankOptions) =>
        answerLines(files, { name: "rerank", program, open: openRerank }, options),
      ),
    command(
      "similarity",
      "Similarity of texts: cosine of their vectors, or the function that the folder names.",
      '{"text", "pair"}, {"text", "texts": […]}, or "text" with --among',
      `echo '{"text": "A cat sleeps.", "pair": "A cat naps."}' | cloze similarity --model all-MiniLM-L6-v2\n  echo '"Who sleeps?"' | cloze similarity --model all-MiniLM-L6-v2 --among notes.txt --top 3`,
    )
      .option("--text", "with --among, lines are plain text, not JSON")
      .option("--among <file>", "search these lines of plain text for the nearest to each text")
      .option("--top <n>", `with --among: number of neighbors; default: ${NEIGHBOURS}`, wholeNumber(1))
      .action((files: string[], options: SimilarityOptions) =>
        answerLines(files, { name: "similarity", program, open: openSimilarity }, options),
      ),
  ];
}
