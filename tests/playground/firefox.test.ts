/** The playground in Firefox: chapters.ts. */
import { Firefox, firefox } from "../helpers/firefox.js";
import { testPlayground } from "./chapters.js";

testPlayground({
  name: "Firefox",
  program: firefox("the playground in Firefox"),
  start: Firefox.start,
  objectives: ["masked-lm"],
});
