/** The version of this package. */
import { readFileSync } from "node:fs";

/** All commands are bundled into dist/cli.js, one folder below package.json. */
export const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};
