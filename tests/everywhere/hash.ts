/** `npm run hash:everything`: the stages of the conformance suite, then the hash over all, which tests/everywhere/hashes.json publishes. */

import { run } from "./conformance.js";
import published from "./hashes.json";

const { stages, hash, failed } = await run();
for (const [name, own] of Object.entries(stages)) console.log(`${name} ${own}`);
for (const failure of failed) console.error(failure);
console.log(hash);
if (failed.length > 0 || hash !== published.hash)
  (globalThis as { process?: { exitCode?: number } }).process!.exitCode = 1;
