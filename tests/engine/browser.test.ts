/** An engine in a page of Chromium, under content security policies. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Browser, chromium } from "../helpers/chromium.js";
import { pageServer } from "../helpers/page-server.js";

const test = suite("engines in a page");
const program = chromium("engines under a content security policy");

if (program !== null) {
  const browser = new Browser(program);
  test.after(() => browser.close());

  /** What `Engine.create()` gives under a policy: the name and message of its error, or the build. */
  const created = async (policy: string): Promise<string> => {
    const server = await pageServer(
      new Map([
        [
          "try.js",
          `import { Engine } from "/cloze/index.js";
          export const outcome = Engine.create().then(({ build }) => build, ({ name, message }) => name + ": " + message);`,
        ],
      ]),
      policy,
    );
    try {
      const page = await browser.open(`${server.address}/strict`, 1280, "light");
      return await page.evaluate<string>('import("/try.js").then(({ outcome }) => outcome)');
    } finally {
      await server.close();
    }
  };

  test("'wasm-unsafe-eval' alone lets an engine start", async () => {
    assert.is(await created("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"), "strict");
  });

  test("a policy without it gives an error that names it", async () => {
    assert.match(
      await created("default-src 'none'; script-src 'self'"),
      /^UnsupportedBuildError: .*content security policy forbids it\. Add 'wasm-unsafe-eval' to its script-src; 'unsafe-eval' is not needed$/,
    );
  });
}

test.run();
