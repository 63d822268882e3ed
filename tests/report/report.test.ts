/** Reports: the written file, and the drawings of its script in a document. */
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Report, renderReport, type Section } from "../../sdk/report/index.js";
import { SmallDocument, type SmallNode } from "../helpers/small-dom.js";

const test = suite("report");

const SECTIONS: readonly Section[] = [
  { kind: "text", title: "What was done", paragraphs: ["First.", "Second <b>bold</b>."] },
  {
    kind: "table",
    title: "Scores",
    note: "Higher is better.",
    header: ["task", "score"],
    rows: [
      ["sentiment", "0.9"],
      ["tags & more", "0.8"],
    ],
  },
  {
    kind: "lines",
    title: "Loss",
    x: "step",
    y: "nats",
    points: [
      { series: "training", x: 0, y: 4 },
      { series: "training", x: 1, y: 3 },
      { series: "held out", x: 0, y: 4.2 },
      { series: "held out", x: 1, y: 3.5 },
    ],
    levels: [{ label: "chance", y: 5 }],
  },
  {
    kind: "heat",
    title: "Similarity",
    rows: ["cat", "cat"],
    columns: ["dog", "sun", "cat"],
    values: [
      [0.9, 0.1, 1],
      [0.9, 0.1, 1],
    ],
  },
  {
    kind: "scatter",
    title: "Words",
    points: [
      { x: 0, y: 1, label: "bank", group: "river" },
      { x: 1, y: 0, label: "bank", group: "money" },
      { x: 1, y: 1, label: "shore", group: "river" },
    ],
  },
];
const report: Report = { title: "A run & its <figures>", summary: 'Said "so".', sections: SECTIONS };

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

test("one file: title and summary escaped, data inside, nothing from elsewhere", () => {
  const html = renderReport(report);
  assert.match(html, /^<!doctype html>\n<html lang="en">/);
  assert.is(between(html, "<title>", "</title>"), "A run &#38; its &#60;figures&#62;");
  assert.is(between(html, '<p class="summary">', "</p>"), "Said &#34;so&#34;.");
  const data = between(html, '<script type="application/json" id="report">', "</script>");
  assert.equal(JSON.parse(data), report);
  assert.not.match(data, /</);
  // Attributes that would load something; names of XML namespaces are no addresses to load.
  assert.not.match(html.replace(/<script>[\s\S]*<\/script>/, ""), /(src|href)="(?!data:)/);
  assert.is(html.split("</script").length - 1, 2, "the script does not end before its end");
});

test("a text that would end the script is data like any other", () => {
  const paragraphs = ["</script><script>alert(1)</script>", "\u2028"];
  const html = renderReport({ title: "", summary: "", sections: [{ kind: "text", title: "x", paragraphs }] });
  assert.is(html.split("</script").length - 1, 2);
  const [section] = drawn(html).all("section");
  assert.equal(
    section!.all("p").map((p) => p.textContent),
    paragraphs,
  );
});

test("a section for each, in order, with its title", () => {
  const main = drawn(renderReport(report));
  const sections = main.all("section");
  assert.equal(
    sections.map((section) => section.all("h2")[0]!.textContent),
    SECTIONS.map(({ title }) => title),
  );
  const [text, table] = sections as [SmallNode, SmallNode];
  assert.equal(
    text.all("p").map((p) => p.textContent),
    ["First.", "Second <b>bold</b>."],
  );
  assert.equal(
    table.all("tr").map((row) => row.children.map((cell) => (cell as SmallNode).textContent)),
    [
      ["task", "score"],
      ["sentiment", "0.9"],
      ["tags & more", "0.8"],
    ],
  );
  assert.is(table.all("th").length, 2);
  const note = table.all("p")[0]!;
  assert.equal([note.textContent, note.getAttribute("class")], ["Higher is better.", "note"]);
});

/** The group that a mark draws its shapes in. */
const mark = (section: SmallNode, label: string): SmallNode =>
  section.all("g").find((group) => group.getAttribute("aria-label") === label)!;

test("lines: one for each series, and the levels to compare with", () => {
  const section = drawn(renderReport(report)).all("section")[2]!;
  assert.is(mark(section, "line").all("path").length, 2);
  assert.is(mark(section, "rule").all("line").length, 1);
  assert.equal(
    mark(section, "text")
      .all("text")
      .map((text) => text.textContent),
    ["chance"],
  );
  assert.match(section.textContent, /step/);
  assert.match(section.textContent, /nats/);
});

test("a heat map: a cell for each value, the same name in two rows kept apart; equal values have one color", () => {
  const section = drawn(renderReport(report)).all("section")[3]!;
  const cells = mark(section, "cell").all("rect");
  assert.is(cells.length, 6);
  const fills = cells.map((cell) => cell.getAttribute("fill"));
  assert.equal(fills.slice(0, 3), fills.slice(3));
  assert.is(new Set(fills).size, 3);
  const tops = cells.map((cell) => cell.getAttribute("y"));
  assert.is(new Set(tops).size, 2, "two rows");
});

test("a scatter plot: a dot and a label for each point, a color for each group", () => {
  const section = drawn(renderReport(report)).all("section")[4]!;
  const dots = mark(section, "dot").all("circle");
  assert.is(dots.length, 3);
  const fills = dots.map((dot) => dot.getAttribute("fill"));
  assert.is(fills[0], fills[2]);
  assert.is.not(fills[0], fills[1]);
  assert.equal(
    mark(section, "text")
      .all("text")
      .map((text) => text.textContent),
    ["bank", "bank", "shore"],
  );
});

test.run();
