/** Sections of text: findings, facts, and a model's guesses, search results and answers. */
import type { AnswersSection, FactsSection, FindingSection, RankedSection } from "../section.js";
import { element, writtenAs } from "./elements.js";

export const finding = ({ statement, details = [] }: FindingSection): HTMLElement =>
  element(
    "div",
    { class: "finding" },
    element("p", { class: "statement" }, statement),
    ...details.map((detail) => element("p", {}, detail)),
  );

export const facts = (section: FactsSection): HTMLElement =>
  element(
    "dl",
    {},
    ...section.facts.flatMap(({ name, value, code }) => [
      element("dt", {}, name),
      element("dd", {}, code ? element("code", {}, value) : value),
    ]),
  );

type Result = RankedSection["items"][number]["results"][number];

/** A result with a bar; its length is the score relative to the longest bar. */
function resultOf({ text, score, right }: Result, unit: RankedSection["unit"], most: number): HTMLElement {
  const share = most > 0 ? Math.max(0, score) / most : 0;
  const mark = right === undefined ? "" : right ? "✓ " : "";
  return element(
    "li",
    { class: right ? "right" : undefined },
    element("span", { class: "bar", "aria-hidden": "true", style: `width: ${(100 * share).toFixed(1)}%` }),
    element("span", { class: "said-text" }, `${mark}${text}`),
    ...(right ? [element("span", { class: "unseen" }, " (correct)")] : []),
    element("span", { class: "score" }, writtenAs(unit, score)),
  );
}

export const ranked = ({ items, unit }: RankedSection): HTMLElement =>
  element(
    "div",
    {},
    ...items.map(({ text, results }) => {
      const most = unit === "percent" ? 1 : Math.max(...results.map(({ score }) => score), 0);
      return element(
        "div",
        { class: "item" },
        element("h3", {}, text),
        element("ol", { class: "results" }, ...results.map((result) => resultOf(result, unit, most))),
      );
    }),
  );

type Answered = AnswersSection["items"][number];

/** The context with the answer highlighted. */
function contextOf({ context, start, end }: Answered): HTMLElement {
  if (start === undefined || end === undefined) return element("p", {}, context);
  return element("p", {}, context.slice(0, start), element("mark", {}, context.slice(start, end)), context.slice(end));
}

export const answers = ({ items }: AnswersSection): HTMLElement =>
  element(
    "div",
    {},
    ...items.map((item) => {
      const { question, answer, score, expected } = item;
      const said = score === undefined ? "" : ` (${writtenAs("percent", score)})`;
      const wanted =
        expected === undefined ? [] : [element("p", { class: "note" }, `Correct: ${expected.join(" / ")}`)];
      return element(
        "div",
        { class: "item" },
        element("h3", {}, question),
        element("p", {}, "Answer: ", element("strong", {}, answer), said),
        ...wanted,
        contextOf(item),
      );
    }),
  );
