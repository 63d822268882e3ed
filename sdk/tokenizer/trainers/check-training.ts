/** The options that all trainers of vocabularies share, checked before a text is read. */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";

interface Checked {
  readonly size: number;
  readonly minFrequency?: number;
  readonly limitAlphabet?: number;
  readonly special?: readonly string[];
}

/** @throws {TokenizerError} naming the option, the expected value and the actual one */
export function checkTraining(where: string, options: Checked): void {
  expect(typeof options === "object" && options !== null, () => `${where}: options must be an object with size`);
  const { size, minFrequency = 0, limitAlphabet = 0, special = [] } = options;
  for (const [name, value] of Object.entries({ size, minFrequency, limitAlphabet }))
    expect(
      Number.isSafeInteger(value) && value >= 0,
      () => `${where}: ${name} must be a whole number of at least 0, got ${shown(value)}`,
    );
  expect(
    Array.isArray(special) && Array.from(special as unknown[]).every((token) => typeof token === "string"),
    () => `${where}: special must be an array of strings, got ${shown(special)}`,
  );
}
