import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTagged } from "../../sdk/data/conllu.js";
import { readDocuments } from "../../sdk/data/documents.js";
import { readQuestions } from "../../sdk/data/questions.js";
import { DataError, decodeLines, textSource } from "../../sdk/data/source.js";
import { columnsNamed, readTextRows } from "../../sdk/data/text-rows.js";

const test = suite("readers");

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The message of the error that reading ends in. */
async function problem(items: AsyncIterable<unknown>): Promise<string> {
  try {
    await collect(items);
  } catch (error) {
    assert.instance(error, DataError);
    return (error as Error).message;
  }
  return "no error";
}

test("documents: blank lines separate, CRLF and a byte-order mark do not matter", async () => {
  const source = textSource("a.txt", "\uFEFFOne.\r\nTwo.\r\n\r\n \r\nThree.\r\n");
  assert.equal(await collect(readDocuments(source)), [["One.", "Two."], ["Three."]]);
});

test("bytes are decoded across chunks, in the middle of a character and of a line end", async () => {
  const bytes = new TextEncoder().encode("naïve\r\n语言\nend");
  async function* one() {
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  assert.equal(await collect(decodeLines(one())), ["naïve", "语言", "end"]);
});

test("rows: TSV with a header", async () => {
  const rows = await collect(readTextRows(textSource("a.tsv", "label\ttext\n1\tgood\n0\tbad\n")));
  assert.equal(rows, [
    { text: "good", label: "1", score: 1, line: 2 },
    { text: "bad", label: "0", score: 0, line: 3 },
  ]);
});

test("rows: pairs by their published column names, and JSON lines", async () => {
  const pair = await collect(
    readTextRows(textSource("a.tsv", "premise\thypothesis\tlabel\nA man runs.\tA man moves.\tentailment\n")),
  );
  assert.equal(pair, [{ text: "A man runs.", pair: "A man moves.", label: "entailment", line: 2 }]);
  const json = await collect(
    readTextRows(textSource("a.jsonl", '{"sentence1": "a", "sentence2": "b", "score": 2.5}\n')),
  );
  assert.equal(json, [{ text: "a", pair: "b", score: 2.5, line: 1 }]);
});

test("rows: columns named by the caller", async () => {
  const rows = await collect(
    readTextRows(textSource("a.tsv", "q\tx\tclass\nhello\tthere\tyes\n"), columnsNamed("q,x,class")),
  );
  assert.equal(rows, [{ text: "hello", pair: "there", label: "yes", line: 2 }]);
});

test("rows: errors name file and line", async () => {
  assert.match(
    await problem(readTextRows(textSource("a.tsv", "text\tlabel\ngood\t1\nbad\n"))),
    /^a\.tsv:3: expected 2 columns as in the header, got 1/,
  );
  assert.match(await problem(readTextRows(textSource("a.tsv", "what\tlabel\nx\t1\n"))), /^a\.tsv:1: no text column/);
  assert.match(
    await problem(readTextRows(textSource("a.jsonl", '{"text": "x", "label": 1}\n{oops\n'))),
    /^a\.jsonl:2: not valid JSON/,
  );
  assert.match(await problem(readTextRows(textSource("a.tsv", "text\tlabel\ngood\t\n"))), /^a\.tsv:2: label is empty/);
});

test("tags: two columns", async () => {
  const [sentence] = await collect(readTagged(textSource("a.tsv", "I\tPRON\nrun\tVERB\n\n")));
  assert.equal(sentence!.words, ["I", "run"]);
  assert.equal(sentence!.tags, ["PRON", "VERB"]);
  assert.is(sentence!.text, "I run");
});

test("tags: ranges give the written word, their words share its characters", async () => {
  const lines = [
    "# text = Vámonos al mar.",
    "1-2\tVámonos\t_\t_",
    "1\tVamos\tVERB\t_",
    "2\tnos\tPRON\t_",
    "3-4\tal\t_\t_",
    "3\ta\tADP\t_",
    "4\tel\tDET\t_",
    "5\tmar\tNOUN\tSpaceAfter=No",
    "6\t.\tPUNCT\t_",
    "",
  ];
  const [sentence] = await collect(readTagged(textSource("es.tsv", lines.join("\n"))));
  assert.is(sentence!.text, "Vámonos al mar.");
  assert.equal(sentence!.words, ["Vamos", "nos", "a", "el", "mar", "."]);
  const written = sentence!.words.map((_, i) =>
    sentence!.text.slice(sentence!.offsets[2 * i], sentence!.offsets[2 * i + 1]),
  );
  assert.equal(written, ["Vámonos", "Vámonos", "al", "al", "mar", "."]);
});

test("tags: full CoNLL-U, with an empty node and a word that is #", async () => {
  const row = (id: string, form: string, tag: string) => `${id}\t${form}\t_\t${tag}\t_\t_\t_\t_\t_\t_`;
  const [sentence] = await collect(
    readTagged(
      textSource(
        "a.conllu",
        ["# sent_id = 1", row("1", "#", "SYM"), row("1.1", "ghost", "VERB"), row("2", "1", "NUM")].join("\n"),
      ),
    ),
  );
  assert.equal(sentence!.words, ["#", "1"]);
});

test("tags: errors name file and line", async () => {
  assert.match(
    await problem(readTagged(textSource("a.tsv", "I\tPRON\nrun\n"))),
    /^a\.tsv:2: expected 2 columns as in the lines before, got 1/,
  );
  assert.match(await problem(readTagged(textSource("a.tsv", "I\t\n"))), /^a\.tsv:1: the word "I" has no tag/);
});

const squad = (answer: object) =>
  JSON.stringify(
    {
      version: "1.1",
      data: [
        {
          paragraphs: [
            { context: "😀 Anna lives in Rome.", qas: [{ id: "q1", question: "Where?", answers: [answer] }] },
          ],
        },
      ],
    },
    null,
    1,
  );

test("questions: SQuAD files, offsets in UTF-16 units or code points", async () => {
  for (const start of [17, 16]) {
    const [question] = await collect(readQuestions(textSource("a.json", squad({ text: "Rome", answer_start: start }))));
    assert.equal(question!.answers, [{ text: "Rome", start: 17 }]);
  }
});

test("questions: JSON lines; SQuAD 2.0 without an answer", async () => {
  const [line] = await collect(
    readQuestions(
      textSource(
        "a.jsonl",
        '{"question": "Who?", "context": "Anna sings.", "answers": [{"text": "Anna", "start": 0}]}\n',
      ),
    ),
  );
  assert.equal(line!.answers, [{ text: "Anna", start: 0 }]);
  const file = {
    data: [{ paragraphs: [{ context: "x", qas: [{ id: 7, question: "Who?", answers: [], is_impossible: true }] }] }],
  };
  const [none] = await collect(readQuestions(textSource("a.json", JSON.stringify(file))));
  assert.equal(none!.answers, []);
});

test("questions: an answer that is not at its offset is an error", async () => {
  assert.match(
    await problem(readQuestions(textSource("a.json", squad({ text: "Rome", answer_start: 3 })))),
    /data\[0\]\.paragraphs\[0\]\.qas\[0\] \(id "q1"\): the answer "Rome" is not at 3/,
  );
  assert.match(
    await problem(readQuestions(textSource("a.jsonl", '{"question": "Who?"}\n'))),
    /a\.jsonl:1: question and context must be texts/,
  );
});

test.run();
