/** Task files as people have them: each row is a file, and either its right reading or the error that names its line. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTagged } from "../../sdk/data/conllu.js";
import { readDocuments } from "../../sdk/data/documents.js";
import { readQuestions } from "../../sdk/data/questions.js";
import { DataError, decodeLines, type Source, textSource } from "../../sdk/data/source.js";
import { readTextRows } from "../../sdk/data/text-rows.js";
import { classifyTask } from "../../sdk/train/tasks/classify.js";
import { embedTask } from "../../sdk/train/tasks/embed.js";
import { regressTask } from "../../sdk/train/tasks/regress.js";

const test = suite("kinds of data files");

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A reading as plain values, or the message of the error. */
async function reading<T>(items: AsyncIterable<T>, show: (item: T) => unknown): Promise<unknown> {
  try {
    return (await all(items)).map(show);
  } catch (error) {
    assert.instance(error, DataError);
    return (error as Error).message;
  }
}

type Row = readonly [name: string, text: string, expected: unknown];

async function check<T>(rows: readonly Row[], read: (source: Source) => AsyncIterable<T>, show: (item: T) => unknown) {
  for (const [name, text, expected] of rows) {
    const got = await reading(read(textSource("f", text)), show);
    if (expected instanceof RegExp) assert.match(String(got), expected, name);
    else assert.equal(got, expected, name);
  }
}

test("TSV: headers, blanks, line ends", () =>
  check(
    [
      ["CRLF", "text\tlabel\r\na\tx\r\n", ["a|x"]],
      ["CR alone", "text\tlabel\ra\tx\rb\ty\r", ["a|x", "b|y"]],
      ["blanks around names and labels", " text \tlabel \na\t x \n", ["a|x"]],
      ["empty lines", "\ntext\tlabel\n\na\tx\n\n", ["a|x"]],
      ["columns in any order", "label\tid\ttext\nx\t7\ta\n", ["a|x"]],
      ["two columns of one name", "text\tlabel\tlabel\na\tx\ty\n", /^f:1: the header has two columns called "label"/],
      ["a column too many", "text\tlabel\na\tx\tz\n", /^f:2: expected 2 columns/],
      [
        "a text column that is missing",
        "body\tlabel\na\tx\n",
        /^f:1: no text column: .*; give the file a header line, or name its columns with --columns$/,
      ],
      ["commas for tabs", "text,label\na,x\n", /^f:1: the header "text,label" has no tab/],
      ["spaces for tabs", "text label\na x\n", /^f:1: the header "text label" has no tab/],
      ["a JSON array", '[{"text":"a","label":"x"}]\n', /^f:1: a JSON array; expected JSON lines/],
      ["columns without a name behind the last", "text\tlabel\t\t\na\tx\t\t\n", ["a|x"]],
      ["an empty label", "text\tlabel\na\tx\nb\t \n", /^f:3: label is empty/],
      ["a label of a prototype's name", "text\tlabel\na\tconstructor\n", ["a|constructor"]],
    ],
    readTextRows,
    ({ text, label }) => `${text}|${label}`,
  ));

test("JSON lines: optional fields, labels of any kind", () =>
  check(
    [
      [
        "a second text in some rows",
        '{"text":"a"}\n{"text":"b","pair":"c"}\n',
        ["a|undefined|undefined", "b|c|undefined"],
      ],
      ["a second text that is null", '{"text":"a","pair":null,"label":1}\n', ["a|undefined|1"]],
      [
        "labels that are numbers and words",
        '{"text":"a","label":0}\n{"text":"b","label":true}\n',
        ["a|undefined|0", "b|undefined|true"],
      ],
      [
        "an object in a list of labels",
        '{"text":"a","label":"x"}\n{"text":"b","label":["x", {}]}\n',
        /^f:2: label must be a list of texts or numbers/,
      ],
      ["an object for a label", '{"text":"a","label":{}}\n', /^f:1: label must be a text or a number/],
      ["a number for a text", '{"text":5,"label":"x"}\n', /^f:1: text must be a text, got 5/],
      ["a broken line", '{"text":"a"}\n{"text":"b"\n', /^f:2: not valid JSON/],
      ["a list for a row", '{"text":"a"}\n["b"]\n', /^f:2: expected a JSON object/],
      [
        "a name that is repeated: the last counts, as in Python",
        '{"text":"a","text":"b","label":"x"}\n',
        ["b|undefined|x"],
      ],
      [
        "a label of more digits than are kept",
        '{"text":"a","label":9007199254740991}\n{"text":"b","label":9007199254740993}\n',
        /^f:2: label is a number of more digits than are kept/,
      ],
      ["an infinite label", '{"text":"a","label":1e999}\n', /^f:1: label is a number of more digits/],
      ["SNLI as published", '{"sentence1":"a","sentence2":"b","gold_label":"neutral"}\n', ["a|b|neutral"]],
      ["QNLI as published", '{"question":"a","sentence":"b","label":"x","idx":0}\n', ["a|b|x"]],
      ["QQP's columns", '{"question1":"a","question2":"b","label":1}\n', ["a|b|1"]],
      ["text_pair", '{"text":"a","text_pair":"b","label":1}\n', ["a|b|1"]],
      ["a row without text", '{"text":"a","label":"x"}\n{"label":"x"}\n', /^f:2: no text column/],
    ],
    readTextRows,
    ({ text, pair, label }) => `${text}|${pair}|${label}`,
  ));

test("labels and scores: each task takes its own column, and refuses unusable rows by line", async () => {
  const both = "text\tlabel\tscore\na\tgood\t1.5\nb\tbad\t2\n";
  await check(
    [["score beside label", both, ["a:1.5", "b:2"]]],
    (s) => regressTask().read(s),
    ({ text, score }) => `${text}:${score}`,
  );
  await check(
    [
      ["label beside score", both, ["a:good", "b:bad"]],
      ["label beside what is no score", "text\tlabel\tscore\na\tx\tn/a\nb\ty\t\n", ["a:x", "b:y"]],
      ["the same in JSON", '{"text":"a","label":"x","score":null}\n{"text":"b","label":"y"}\n', ["a:x", "b:y"]],
      ["numbers for labels", '{"text":"a","label":1}\n{"text":"b","label":1.0}\n', ["a:1", "b:1"]],
      ["no label", '{"text":"a","label":"x"}\n{"text":"b","label":null}\n', /^f:2: no label/],
    ],
    (s) => classifyTask("classify").read(s),
    ({ text, label }) => `${text}:${label}`,
  );
  await check(
    [
      ["words where scores are due", "text\tscore\na\thigh\n", /^f:2: score must be a number, got "high"/],
      ["labels that are no numbers", "text\tlabel\na\t1\nb\tgood\n", /^f:3: no score: .* the label is "good"/],
      ["hexadecimal", "text\tscore\na\t1\nb\t0x10\n", /^f:3: score must be a number, got "0x10"/],
      ["beyond f32", "text\tscore\na\t1\nb\t1e300\n", /^f:3: score must be a number/],
      ["a square beyond f32", "text\tscore\na\t1\nb\t-1e30\n", /^f:3: the score is -1e\+30, .* at most 1e\+?15/],
      ["such a label", "text\tlabel\na\t1\nb\t1e30\n", /^f:3: the score is 1e\+30, .* at most 1e\+?15/],
      ["the largest scores", "text\tscore\na\t1e15\nb\t-1e15\n", ["a:1000000000000000", "b:-1000000000000000"]],
      ["truth values", '{"text":"a","label":true}\n', /^f:1: no score/],
      ["an empty score", "text\tscore\na\t1\nb\t\n", /^f:3: score is empty/],
      ["a decimal comma", "text\tscore\na\t2,5\n", /^f:2: score must be a number/],
      ["labels that are numbers", "text\tlabel\na\t1\nb\t2.5\n", ["a:1", "b:2.5"]],
      ["infinite", "text\tscore\na\tInfinity\n", /^f:2: score must be a number/],
    ],
    (s) => regressTask().read(s),
    ({ text, score }) => `${text}:${score}`,
  );
});

test("pairs: labels of inference, matches and scores", async () => {
  await check(
    [
      [
        "SNLI without a gold label",
        "sentence1\tsentence2\tlabel\na\tb\tneutral\nc\td\t-\ne\tf\tentailment\n",
        ["a:neutral", "e:entailment"],
      ],
      [
        "the same in numbers",
        '{"premise":"a","hypothesis":"b","label":-1}\n{"premise":"c","hypothesis":"d","label":2}\n',
        ["c:2"],
      ],
      ["a text alone", "text\tlabel\na\tx\n", /^f:2: no second text/],
    ],
    (s) => classifyTask("pair").read(s),
    ({ text, label }) => `${text}:${label}`,
  );
  await check(
    [["a minus for a label of texts", "text\tlabel\na\t+\nb\t-\n", ["a:+", "b:-"]]],
    (s) => classifyTask("classify").read(s),
    ({ text, label }) => `${text}:${label}`,
  );
  await check(
    [
      [
        "labels of inference",
        "premise\thypothesis\tlabel\na\tb\tcontradiction\n",
        /^f:2: the label "contradiction" is not a score/,
      ],
      ["labels that are scores", "text\tpair\tlabel\na\tb\t0.5\n", ["a:b:0.5"]],
      ["matches", "text\tpair\na\tb\n", ["a:b:undefined"]],
      [
        "scores in some pairs",
        '{"text":"a","pair":"b","score":1}\n{"text":"a","pair":"b"}\n',
        /^f:2: no score, unlike the pairs before it/,
      ],
    ],
    (s) => embedTask({ mode: "mean", normalize: true }, true).read(s),
    ({ text, pair, score }) => `${text}:${pair}:${score}`,
  );
});

const ten = (id: string, form: string, tag: string, misc = "_") => `${id}\t${form}\t_\t${tag}\t_\t_\t_\t_\t_\t${misc}`;

test("CoNLL-U and columns: comments, ranges, empty nodes, blanks", () =>
  check(
    [
      ["a comment with a tab", `# text = a\tb\n${ten("1", "a", "X")}\n`, ["a/X"]],
      ["a comment in between", `${ten("1", "a", "X")}\n#\tnote\n${ten("2", "b", "Y")}\n`, ["a/X b/Y"]],
      ["a word # in two columns", "#\tSYM\n#1\tNUM\n", ["#/SYM #1/NUM"]],
      ["a comment in two columns", "# sent_id = 1\na\tX\n", ["a/X"]],
      ["two columns divided by a blank", "a X\nb  Y\n\nc Z\n", ["a/X b/Y", "c/Z"]],
      ["a blank behind the tag", "a\tX \nb\tY\t\n", /^f:2: expected 2 /],
      ["a blank behind the tag alone", "a\tX \n\nb\tY\n", ["a/X", "b/Y"]],
      ["a line of blanks", "a\tX\n \t \nb\tY\n", ["a/X", "b/Y"]],
      ["CR alone", "a\tX\r\rb\tY\r", ["a/X", "b/Y"]],
      ["an empty node", `${ten("1", "a", "X")}\n${ten("1.1", "e", "Z")}\n${ten("2", "b", "Y")}\n`, ["a/X b/Y"]],
      ["a range", `${ten("1-2", "ab", "_")}\n${ten("1", "a", "X")}\n${ten("2", "b", "Y")}\n`, ["a/X b/Y"]],
      [
        "a range backwards",
        `${ten("1", "a", "X")}\n${ten("3-2", "ab", "_")}\n`,
        /^f:2: a range such as 3-4 must ascend/,
      ],
      [
        "a range of one word",
        `${ten("1-1", "a", "_")}\n${ten("1", "a", "X")}\n`,
        /^f:1: a range such as 3-4 must ascend/,
      ],
      ["a range of millions", `${ten("1-9000000", "a", "_")}\n`, /^f:1: a range such as 3-4 must ascend, over at most/],
      [
        "a range beyond the sentence",
        `${ten("1-3", "ab", "_")}\n${ten("1", "a", "X")}\n${ten("2", "b", "Y")}\n`,
        /^f:3: a range ends with word 3/,
      ],
      [
        "a range within another",
        `${ten("1-3", "abc", "_")}\n${ten("1", "a", "X")}\n${ten("2-3", "bc", "_")}\n`,
        /^f:3: the range begins inside another/,
      ],
      ["a word left out", `${ten("1", "a", "X")}\n${ten("3", "c", "Y")}\n`, /^f:2: expected word 2, got 3/],
      ["no number", `${ten("x", "a", "X")}\n`, /^f:1: the first column must be a word's number/],
      ["a word without a tag", "a\tX\nb\t\n", /^f:2: the word "b" has no tag/],
      [
        "other columns than before",
        `${ten("1", "a", "X")}\nb\tY\n`,
        /^f:2: expected 10 columns as in the lines before, got 2/,
      ],
      ["an empty node before the first word", `${ten("0.1", "e", "Z")}\n${ten("1", "a", "X")}\n`, ["a/X"]],
      ["a byte-order mark before a comment", `\uFEFF# one\n${ten("1", "a", "X")}\n`, ["a/X"]],
      ["a word with a space", `${ten("1", "10 000", "NUM")}\n`, ["10 000/NUM"]],
      ["the same number twice", `${ten("1", "a", "X")}\n${ten("1", "b", "Y")}\n`, /^f:2: expected word 2, got 1/],
      ["only a comment", "# nothing\n\n", []],
    ],
    readTagged,
    ({ words, tags }) => words.map((word, i) => `${word}/${tags[i]}`).join(" "),
  ));

test("columns without numbers: a word first, its tag last", () =>
  check(
    [
      ["three columns, as CoNLL-2000 and CoNLL-2002", "a N B-X\n# # I-X\n\nb V O\n", ["a/B-X #/I-X", "b/O"]],
      ["three columns divided by tabs", "a\tN\tX\n", ["a/X"]],
      ["three columns, of which the first may be a number", "1\ta\tX\n", /^f:1: three columns that begin with 1/],
      [
        "four columns, as CoNLL-2003",
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\n1996 CD I-NP O\n\n-DOCSTART- -X- O O\n\n. . O O\n",
        ["EU/B-ORG 1996/O", "./O"],
      ],
      ["four columns divided by tabs, without numbers", "EU\tNNP\tB-NP\tB-ORG\n", ["EU/B-ORG"]],
      [
        "comments beside four columns",
        "# id 7 domain=en\nEU _ _ B-ORG\n# id 8\tdomain=en\nx _ _ O\n",
        ["EU/B-ORG x/O"],
      ],
      ["a comment with a tab, as GermEval has it", "#\tzeit.de vom 26.02. [2005]\n1\tAnna\tB-PER\tO\n", ["Anna/B-PER"]],
      ["a comment of two words in two columns", "a\tX\n# note\nb\tY\n", ["a/X b/Y"]],
      [
        "JSON lines",
        '{"tokens": ["a", "b"], "ner_tags": ["O", "B-X"]}\n',
        /^f:1: JSON; words and tags are read from lines/,
      ],
      ["five columns", "a b c d e\n", /^f:1: expected 2 to 4 columns, a word first and its tag last/],
      [
        "a column that is missing",
        "EU NNP B-NP B-ORG\nx y z\n",
        /^f:2: expected 4 columns as in the lines before, got 3/,
      ],
    ],
    readTagged,
    ({ words, tags }) => words.map((word, i) => `${word}/${tags[i]}`).join(" "),
  ));

test("tagged sentences: words know their lines, and the characters of a range are its own", async () => {
  const text = `# one\n${ten("1-2", "al", "_", "SpaceAfter=No")}\n${ten("1", "a", "X")}\n${ten("2", "el", "Y")}\n${ten("3", ".", "Z")}\n`;
  const [sentence] = await all(readTagged(textSource("f", text)));
  assert.equal([...sentence!.lines!], [3, 4, 5]);
  assert.is(sentence!.text, "al.");
  assert.equal([...sentence!.offsets], [0, 2, 0, 2, 2, 3]);
});

const squad = (...qas: object[]) => JSON.stringify({ data: [{ paragraphs: [{ context: "Anna is in Rome.", qas }] }] });

test("questions: lines and files, answers that are none, errors by line or question", () =>
  check(
    [
      ["lines", '{"question":"Who?","context":"Anna","answers":[{"text":"Anna","start":0}]}\n', ["Who?:Anna@0"]],
      [
        "a broken third line",
        '{"question":"a","context":"b"}\n{"question":"a","context":"b"}\n{"question":\n',
        /^f:3: not valid JSON/,
      ],
      [
        "a later line without a question",
        '{"question":"a","context":"b"}\n{"context":"b"}\n',
        /^f:2: question and context must be texts/,
      ],
      [
        "an answer that is the empty text",
        squad({ id: "1", question: "Who?", answers: [{ text: "", answer_start: -1 }] }),
        ["Who?:"],
      ],
      ["the same in lines", '{"question":"Who?","context":"b","answers":[{"text":"","start":0}]}\n', ["Who?:"]],
      ["an unanswerable question", squad({ id: "1", question: "Who?", is_impossible: true, answers: [] }), ["Who?:"]],
      [
        "an answer elsewhere",
        squad({ id: "q", question: "Where?", answers: [{ text: "Rome", answer_start: 3 }] }),
        /\(id "q"\): the answer "Rome" is not at 3/,
      ],
      ["a question without an id", squad({ question: 5, answers: [] }), /qas\[0\]: question must be a text, got 5/],
      ["data that is no list", '{"data": {}}', /^f:1: a SQuAD file must have a list "data"/],
      ["questions that are no list", '{"data":[{"paragraphs":[{"context":"a","qas":{}}]}]}', /qas must be a list/],
      [
        "the line of the value at fault",
        '{"data": [\n{"title": "a, b: {[\\"", "paragraphs": [\n{"qas": [], "context": "x"},\n{"qas": [],\n"context": 5}]}]}',
        /^f:5: data\[0\]\.paragraphs\[1\]\.context must be a text, got 5/,
      ],
      [
        "the line of a question at fault",
        '{"data":[{"paragraphs":[{"context":"Anna","qas":[\n{"id":"a","question":"Who?","answers":[]},\n{"id":"b","question":1}]}]}]}',
        /^f:3: data\[0\]\.paragraphs\[0\]\.qas\[1\] \(id "b"\): question must be a text/,
      ],
      [
        "answers as two lists",
        '{"question":"Who?","context":"Anna","answers":{"text":["Anna"],"answer_start":[0]}}\n',
        ["Who?:Anna@0"],
      ],
      [
        "answer_start in lines",
        '{"question":"Who?","context":"Anna","answers":[{"text":"Anna","answer_start":0}]}\n',
        ["Who?:Anna@0"],
      ],
      ["answers that are null", '{"question":"Who?","context":"Anna","answers":null}\n', ["Who?:"]],
      ["a broken file", '{\n "data": [\n  oops\n', /not valid JSON: .* line 3/],
    ],
    readQuestions,
    ({ question, answers }) => `${question}:${answers.map(({ text, start }) => `${text}@${start}`).join()}`,
  ));

test("documents: blank lines and line ends of every kind", () =>
  check(
    [
      ["LF", "a\nb\n\nc\n", ["a b", "c"]],
      ["CRLF", "a\r\nb\r\n\r\nc", ["a b", "c"]],
      ["CR alone", "a\rb\r\rc\r", ["a b", "c"]],
      ["blanks only", " \n\t\n", []],
    ],
    readDocuments,
    (lines) => lines.join(" "),
  ));

test("bytes: invalid UTF-8 is refused with its line, wherever chunks are cut; a long line takes linear time", async () => {
  const bytes = Uint8Array.of(...new TextEncoder().encode("é\nok\n"), 0xe9, 0x0a, 0x61);
  for (let cut = 1; cut < bytes.length; cut++) {
    const chunks = async function* () {
      yield bytes.subarray(0, cut);
      yield bytes.subarray(cut);
    };
    try {
      await all(decodeLines(chunks(), "latin.txt"));
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /^latin\.txt:3: not UTF-8/, `cut at ${cut}`);
    }
  }
  // 2,000 chunks without a line end: a quadratic reader would copy 64 GB.
  const chunk = new Uint8Array(32_768).fill(0x61);
  const long = async function* () {
    for (let i = 0; i < 2000; i++) yield chunk;
  };
  const [line] = await all(decodeLines(long()));
  assert.is(line!.length, 2000 * 32_768);
});

test.run();
