/** Reports: the written file, and the drawings of its script in a document. */
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Report, renderReport, type Section } from "../../sdk/report/index.js";
import { refused } from "../helpers/refused.js";
import { SmallDocument, type SmallNode } from "../helpers/small-dom.js";
import { REPORT } from "./sections.js";

const test = suite("report");

const between = (html: string, before: string, after: string): string => {
  const from = html.indexOf(before) + before.length;
  assert.ok(from >= before.length, before);
  return html.slice(from, html.indexOf(after, from));
};

/** Run the page's script as a browser would, and return the elements that it added. */
function drawn(html: string): SmallNode {
  const data = between(html, '<script type="application/json" id="report">', "</script>");
  const document = new SmallDocument({ report: data });
  const script = between(html, "</script>\n<script>", "</script>");
  runInNewContext(script, { document, window: { document }, console });
  return document.main!;
}

const drawnOnly = (section: Section): SmallNode =>
  drawn(renderReport({ title: "", summary: "", sections: [section] })).all("section")[0]!;

/** The one section of the report with this title, drawn. */
function titled(title: string): SmallNode {
  const section = REPORT.sections.find((each) => each.title === title);
  assert.ok(section, title);
  return drawnOnly(section);
}

const texts = (nodes: readonly SmallNode[]): string[] => nodes.map(({ textContent }) => textContent);

test("one file: title and summary escaped, data inside, nothing from elsewhere", () => {
  const html = renderReport(REPORT);
  assert.match(html, /^<!doctype html>\n<html lang="en">/);
  assert.is(between(html, "<title>", "</title>"), "A run &#38; its &#60;figures&#62;");
  assert.is(between(html, '<p class="summary">', "</p>"), "Said &#34;so&#34;.");
  const data = between(html, '<script type="application/json" id="report">', "</script>");
  assert.equal(JSON.parse(data), JSON.parse(JSON.stringify(REPORT)));
  assert.not.match(data, /</);
  // Attributes that would load something; names of XML namespaces are no addresses to load.
  const plain = html.replace(/<script>[\s\S]*<\/script>/, "");
  assert.not.match(plain, /(src|href)="(?!data:)/);
  assert.not.match(plain, /url\(|@import/);
  assert.is(html.split("</script").length - 1, 2, "the script does not end before its end");
});

test("a text that would end the script is data like any other", () => {
  const paragraphs = ["</script><script>alert(1)</script>", "\u2028"];
  const html = renderReport({ title: "", summary: "", sections: [{ kind: "text", title: "x", paragraphs }] });
  assert.is(html.split("</script").length - 1, 2);
  assert.equal(texts(drawn(html).all("section")[0]!.all("p")), paragraphs);
});

test("anything but a report is refused by name", async () => {
  const sections = [{ kind: "text" }] as unknown as Report["sections"];
  await refused(() => renderReport({ title: "", summary: "", sections }), /sections.*kind and title/);
  await refused(() => renderReport({ title: "" } as Report), /expected a report|must be a report/);
  const empty = [{ kind: "curves", title: "x", x: "step", y: "nats" }] as unknown as Report["sections"];
  await refused(
    () => renderReport({ title: "", summary: "", sections: empty }),
    /sections\[0\] of the kind curves has no curves/,
  );
  const unknown = [{ kind: "pie", title: "x" }] as unknown as Report["sections"];
  await refused(() => renderReport({ title: "", summary: "", sections: unknown }), /pie/);
});

test("a section for each, in order, each named by its title, and a list of them above", () => {
  const main = drawn(renderReport(REPORT));
  const sections = main.all("section");
  const titles = REPORT.sections.map(({ title }) => title);
  assert.equal(
    sections.map((section) => section.all("h2")[0]!.textContent),
    titles,
  );
  assert.equal(texts(main.all("nav")[0]!.all("a")), titles);
  assert.equal(
    main
      .all("nav")[0]!
      .all("a")
      .map((link) => link.getAttribute("href")),
    sections.map((section) => `#${section.getAttribute("id")}`),
  );
});

test("texts, facts and the finding", () => {
  assert.equal(texts(titled("What was done").all("p")), ["First.", "Second <b>bold</b>."]);
  const finding = titled("Finding");
  assert.match(texts(finding.all("p"))[0]!, /3\.0 nats below/);
  const facts = titled("Run");
  assert.equal(texts(facts.all("dt")), ["steps", "command"]);
  assert.match(facts.all("code")[0]!.textContent, /^cloze pretrain/);
});

test("a table has heads for columns and rows, numbers to the right, and its labels for cards", () => {
  const section = titled("Scores");
  assert.equal(
    section.all("tr").map((row) => row.children.map((cell) => (cell as SmallNode).textContent)),
    [
      ["task", "score"],
      ["sentiment", "0.9"],
      ["tags & more", "0.8"],
    ],
  );
  const [score] = section.all("td");
  assert.equal([score!.getAttribute("class"), score!.getAttribute("data-label")], ["number", "score"]);
  assert.equal(texts(section.all("p")), ["Higher is better."]);
});

/** The groups that a mark draws its shapes in. */
const marks = (section: SmallNode, label: string): SmallNode[] =>
  section.all("g").filter((group) => group.getAttribute("aria-label") === label);

test("curves: values and their running mean, held-out dots, levels, and a table of values", () => {
  const section = titled("Loss");
  const paths = marks(section, "line").flatMap((group) => group.all("path"));
  assert.is(paths.length, 3, "training, its running mean, held out");
  assert.is(marks(section, "area").flatMap((group) => group.all("path")).length, 1, "lowest to highest");
  assert.ok(marks(section, "dot").some((group) => group.all("circle").length === 4));
  assert.equal(texts(marks(section, "text").flatMap((group) => group.all("text"))), ["unigram entropy"]);
  assert.equal(texts(section.all("li")), ["training (thin: values, thick: their running mean)", "held out"]);
  const label = section
    .all("div")
    .find((place) => place.getAttribute("role") === "img")!
    .getAttribute("aria-label")!;
  assert.match(label, /nats per token by step\. training from \S+ to \S+; held out from 9\.275 to 4\.356\./);
  const rows = section.all("tr").slice(1);
  // 900 steps are 300 points; every fifth of them, the last, and four of the held-out curve.
  assert.is(rows.length, 60 + 1 + 4);
});

test("a heat map: a cell for each value, the same name in two rows kept apart; color by sign, strength by size", () => {
  const section = titled("Similarity");
  const cells = marks(section, "cell")[1]!.all("rect");
  assert.is(cells.length, 6);
  const fills = cells.map((cell) => cell.getAttribute("fill"));
  assert.equal(fills.slice(0, 3), ["var(--above)", "var(--below)", "var(--above)"]);
  assert.equal(
    cells.slice(0, 3).map((cell) => Number(cell.getAttribute("fill-opacity"))),
    [0.9, 0.1, 1],
  );
  assert.is(new Set(cells.map((cell) => cell.getAttribute("y"))).size, 2, "two rows");
  // Long names are numbered on the axis and listed below.
  assert.equal(
    texts(titled("One word in many contexts").all("ol")[0]!.all("li")).map((text) => text.slice(0, 9)),
    ["the light", "the bag i"],
  );
});

test("attention: every layer and head can be chosen; the last layer is shown first", () => {
  const section = titled("Attention");
  const [layers, heads] = section.all("select");
  assert.equal([layers!.all("option").length, heads!.all("option").length], [2, 3]);
  assert.equal([layers!.value, heads!.value], ["1", "0"]);
  assert.is(section.all("button").length, 6);
  const chosen = REPORT.sections.find(({ kind }) => kind === "attention") as Extract<Section, { kind: "attention" }>;
  const opacities = marks(section, "cell")[1]!
    .all("rect")
    .map((cell) => Number(cell.getAttribute("fill-opacity")));
  assert.equal(opacities, chosen.weights[1]![0]!.flat());
  assert.is(section.all("tr").length, 11, "the strongest link of each token");
});

test("a plane: a dot for each point, a color and a symbol for each group, labels, and how well the groups separate", () => {
  const section = titled("Words on a plane");
  const dots = marks(section, "dot")[0]!.all("path");
  assert.is(dots.length, 12);
  assert.is(new Set(dots.map((dot) => dot.getAttribute("fill"))).size, 3);
  const labels = marks(section, "labels")[0]!.all("text");
  assert.is(new Set(texts(labels)).size, 12);
  assert.match(
    section.textContent,
    /The groups are separate\. Their mean silhouette is 0\.\d+; random groupings .* in 200 draws/,
  );
  assert.match(section.textContent, /The two axes keep \d+ % of the variance/);
});

test("a comparison: a dot and an interval for each that was measured, the baseline, and the table", () => {
  const section = titled("Tasks");
  const figures = section.all("figure");
  assert.is(figures.length, 2);
  assert.is(marks(figures[0]!, "dot")[0]!.all("circle").length, 2);
  assert.is(marks(figures[1]!, "dot")[0]!.all("circle").length, 1);
  assert.match(section.textContent, /Better by 8 points\./);
  assert.equal(
    section
      .all("tbody")[0]!
      .all("tr")
      .map((row) => row.children.map((cell) => (cell as SmallNode).textContent)),
    [
      ["sentiment", "accuracy", "300", "71.0 % (67.0 to 75.0)", "79.0 % (75.0 to 83.0)", "52.0 %"],
      ["tags", "accuracy", "1,200", "–", "93.0 %", "–"],
    ],
  );
});

test("guesses and answers of a model: right ones marked, the answer marked in its context", () => {
  const masks = titled("Filled masks");
  assert.equal(texts(masks.all("li")), ["✓ tea (correct)61.0 %", "it4.0 %"]);
  const answers = titled("A question");
  assert.equal(texts(answers.all("mark")), ["Anna"]);
  assert.match(answers.textContent, /Answer: Anna \(80\.0 %\)/);
});

test.run();
