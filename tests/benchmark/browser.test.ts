/** benchmark.html in Chromium: the published hashes, and a file that `--compare` reads. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readResults } from "../../sdk/benchmark/compare.js";
import { Browser, chromium } from "../helpers/chromium.js";
import { pageServer } from "../helpers/page-server.js";

const test = suite("the benchmark's page");
const program = chromium("the page of the portable benchmark");

if (program !== null) {
  const browser = new Browser(program);
  const server = await pageServer(new Map());
  test.after(async () => {
    await browser.close();
    await server.close();
  });

  test("the chosen workloads are valid, and their results can be compared", async () => {
    const only = ["tokenize", "encode-tiny-q8", "generate", "start"];
    const query = only.map((name) => `only=${name}`).join("&");
    const page = await browser.open(`${server.address}/cloze/benchmark.html?${query}`, 1280, "light");
    const { rows, score, lines } = await page.evaluate<{ rows: string[]; score: string; lines: string }>(`(async () => {
      const link = document.querySelector("#json");
      while (link.hidden) await new Promise((done) => setTimeout(done, 50));
      const rows = [...document.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent + " " + row.className);
      const lines = await (await fetch(link.href)).text();
      return { rows, lines, score: document.querySelector("#score").textContent };
    })()`);
    assert.equal(
      rows,
      only.map((name) => `${name} `),
      "none is refused",
    );
    assert.is(score, "no score: not all workloads were run");
    const results = readResults(lines, "the page");
    assert.equal([...results.quartiles.keys()], only);
    assert.match(results.runtime, /chrom/i);
  });
}

test.run();
