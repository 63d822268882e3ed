/** The actions of a reader in each chapter, and the expected result. */
import * as assert from "uvu/assert";
import type { BrowserPage as Page } from "../helpers/page.js";
import { fill, press, until } from "./page-driver.js";

/** The cells of a corruption, once they are those of the newest draw. */
async function cellsOf(page: Page, before = ""): Promise<string> {
  await new Promise((resume) => setTimeout(resume, 300));
  const [cells, fault] = await page.evaluate<[string, string]>(
    `[".cells", ".fault"].map((name) => [...document.querySelectorAll(name)].map((e) => e.textContent).join(" / "))`,
  );
  assert.is(fault, "");
  return cells === before && cells !== "" ? cells : cellsOf(page, cells);
}

/** Draws of one objective, of which two differ unless something is wrong: a document of three sentences has few rotations. */
const DRAWS = 20;

/** Every corruption is drawn again, and changes. */
async function drawEvery(page: Page): Promise<void> {
  const names = await page.evaluate<string[]>(
    `[...document.querySelectorAll("main select option")].map(({ value }) => value)`,
  );
  for (const name of names) {
    await fill(page, "Objective", name);
    const first = await cellsOf(page);
    let draws = 0;
    // The next token has no corruption that could be drawn.
    if (name === "causal-lm") continue;
    do await press(page, "Draw again");
    while ((await cellsOf(page)) === first && ++draws < DRAWS);
    assert.ok(draws < DRAWS, `${name} is the same in ${DRAWS} draws`);
  }
  await fill(page, "Objective", "masked-lm");
}

/** A pair has the reader's sentence, even if it is the only one; its order is a question of two. */
async function pairsOfOneSentence(page: Page): Promise<void> {
  const label = "Your sentences";
  const before = await page.evaluate<string>(`document.querySelector("textarea").value`);
  await fill(page, label, "Unforgettable.");
  await fill(page, "Objective", "masked-lm+next-sentence-prediction");
  await until(page, `document.querySelector("section strong")?.textContent === "the second is from another document"`);
  await fill(page, "Objective", "masked-lm+sentence-order-prediction");
  await until(page, `/two sentences/.test(document.querySelector(".fault").textContent)`);
  await fill(page, label, before);
  await fill(page, "Objective", "masked-lm");
  await until(page, `document.querySelector(".fault") === null && document.querySelector("li.mask .answer")`);
}

/** Tokens that are chosen by hand. */
const CHOSEN = 6;

/** "Write the most probable" writes what a reader does who presses the first alternative again and again. */
async function writesAsByHand(page: Page): Promise<void> {
  const written = `document.querySelector(".written mark").textContent`;
  const clear = async (): Promise<void> => {
    await press(page, "Clear");
    await until(page, `${written} === "…"`);
  };
  await clear();
  await press(page, "Write the most probable");
  await until(page, `${written} !== "…"`);
  // It can be cleared again when nothing is being written.
  await until(page, `[...document.querySelectorAll("button")].some((b) => b.textContent === "Clear")`);
  const whole = await page.evaluate<string>(written);
  await clear();
  let byHand = "";
  for (let i = 0; i < CHOSEN; i++) {
    const [first] = await page.evaluate<string[]>(
      `[...document.querySelectorAll(".choice")].map(({ textContent }) => textContent)`,
    );
    if (first === "(the end)") break;
    await page.evaluate(`document.querySelector(".choice").click()`);
    await until(page, `${written} !== ${JSON.stringify(byHand || "…")}`);
    byHand = await page.evaluate<string>(written);
  }
  assert.ok(byHand !== "" && whole.startsWith(byHand), `${JSON.stringify(byHand)} by hand, ${JSON.stringify(whole)}`);
}

/**
 * On a phone no name in a plot covers another. Browsers leave different blanks above and below a line, so heights are those of
 * capitals, about three quarters of the size of the letters; 4 pixels at the sides are blank too.
 */
async function namesApart(page: Page): Promise<void> {
  await page.resize(390);
  await until(page, `[...document.querySelectorAll(".plot svg")].every(({ clientWidth }) => clientWidth < 390)`);
  const covered = await page.evaluate<string[]>(`[...document.querySelectorAll(".plot svg")].flatMap((plot) => {
    const names = [...plot.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    const height = 0.75 * parseFloat(getComputedStyle(plot).fontSize);
    const middle = ({ top, bottom }) => (top + bottom) / 2;
    const cover = (a, b) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 4 && Math.abs(middle(a) - middle(b)) < height;
    return names.flatMap(([name, box], i) =>
      names.slice(i + 1).filter(([, other]) => cover(box, other)).map(([other]) => name + " / " + other));
  })`);
  assert.equal(covered, []);
  await page.resize(1280);
}

export const WALK: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async tokens(page) {
    await fill(page, "Text", "unforgettable lighthouse keepers");
    await until(
      page,
      `document.querySelectorAll(".piece").length > 5 && document.querySelectorAll(".plot svg").length > 0`,
    );
    await fill(page, "Pieces", 60);
    await fill(page, "Your text", "the cat sat on the mat\nthe dog sat on the cat");
    await press(page, "Learn");
    await until(page, `/learned here/.test(document.querySelector("main select").selectedOptions[0].textContent)`);
  },
  async labels(page) {
    for (const [objective, sign] of [
      ["masked-lm+next-sentence-prediction", "section strong"],
      ["replaced-token-detection", "li.special"],
      ["t5", "section h2 + .cells + h2"],
      ["masked-lm", "li.mask .answer"],
    ]) {
      await fill(page, "Objective", objective!);
      await until(page, `document.querySelector(${JSON.stringify(sign)})`);
    }
    await drawEvery(page);
    await pairsOfOneSentence(page);
    await until(page, `document.querySelectorAll(".guesses li").length === 4`);
    const shown = await page.evaluate<string>(`document.querySelector(".cells").textContent`);
    await press(page, "Draw again");
    await until(page, `document.querySelector(".cells").textContent !== ${JSON.stringify(shown)}`);
  },
  async inside(page) {
    await until(page, `document.querySelectorAll(".plot svg").length >= 4`);
    await namesApart(page);
    await fill(page, "Text", "The cat sees the dog.");
    await until(page, `/the cat sees the dog/.test(document.querySelector(".plot svg").getAttribute("aria-label"))`);
    await until(page, `document.querySelector(".states").width > 50 && document.querySelector(".states").height === 8`);
  },
  async write(page) {
    await until(page, `document.querySelectorAll(".choice").length >= 5`);
    await page.evaluate(`document.querySelector(".choice").click()`);
    await until(page, `document.querySelector(".written mark").textContent !== "…"`);
    await writesAsByHand(page);
  },
  async search(page) {
    await until(page, `document.querySelector("textarea").value.length > 1000`);
    await fill(page, "Lines", "The dog barks.\nBread is baked in an oven.\nRain falls on the roof.");
    await press(page, "Embed the lines");
    await until(page, `document.querySelectorAll(".found li").length === 3`);
    await fill(page, "Find", "wet weather");
    await until(page, `/Rain/.test(document.querySelector(".found li").textContent)`);
  },
  async models(page) {
    await until(page, `document.querySelectorAll(".guesses li").length >= 8`);
    // The models that were trained in the chapters before.
    await until(page, `document.querySelectorAll("tbody tr").length >= 4`);
  },
  async finetune(page) {
    await until(page, `document.querySelector("textarea").value.length > 1000`);
    const rows = ["good film\tyes", "bad film\tno", "fine play\tyes", "dull play\tno", "good play\tyes"];
    await fill(page, "Examples to learn from", ["text\tlabel", ...rows, ...rows].join("\n"));
    // Every fifth of them is held out.
    await fill(page, "Examples to test with", "");
    await fill(page, "Epochs", 1);
    await press(page, "Fine-tune");
    await until(page, `document.querySelectorAll(".confusion tbody td.number").length === 4`);
    await until(page, `document.querySelectorAll(".plot svg circle").length === 8`);
    await press(page, "Ask");
    await until(page, `document.querySelectorAll(".guesses.wide li").length === 2`);
  },
  async languages(page) {
    await fill(page, "English, and", "german");
    await fill(page, "Steps", 20);
    await press(page, "Learn both");
    await until(page, `document.querySelectorAll(".half svg").length === 2`);
    await press(page, "Stop");
    await until(page, `[...document.querySelectorAll("button")].some((b) => b.textContent === "Learn both")`);
  },
  async benchmark(page) {
    await press(page, "Run");
    await until(page, `/^round 1 of/.test(document.querySelector(".status").textContent)`);
    await press(page, "Stop");
    assert.is(await page.evaluate<number>(`document.querySelectorAll("tbody td.good").length`), 10);
  },
};
