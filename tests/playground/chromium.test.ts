/** The playground in Chromium: chapters.ts. */
import { Browser, chromium } from "../helpers/chromium.js";
import { testPlayground } from "./chapters.js";

testPlayground({
  name: "Chromium",
  program: chromium("the playground in Chromium"),
  start: async (program) => new Browser(program),
  objectives: ["masked-lm", "replaced-token-detection"],
});
