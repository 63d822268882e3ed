/** The JSON scanner: the same as the platform's parser, and strict about bytes. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../../sdk/tensor/random.js";
import { JsonScanner } from "../../../sdk/tokenizer/json/scanner.js";

const test = suite("the JSON scanner");

const scannerOf = (json: string): JsonScanner => new JsonScanner(new TextEncoder().encode(json));

/** A number as files have them: of few digits, of many, halfway between two f64, or written oddly. */
function numeral(random: Rng): string {
  const digits = (count: number): string => Array.from({ length: count }, () => random.integer(10)).join("");
  const sign = random.integer(2) === 0 ? "-" : "";
  switch (random.integer(8)) {
    case 0:
      return `${sign}${random.integer(20)}.${digits(1 + random.integer(6))}`;
    case 1: // around the most digits that are read without the platform's parser
      return `${sign}${1 + random.integer(9)}${digits(random.integer(6))}.${digits(10 + random.integer(12))}`;
    case 2: {
      // 2^53 + 1 and its like: halfway to the next, which rounds to even, or just above and below.
      const halfway = (2n ** 53n + 2n * BigInt(random.integer(2 ** 31)) + 1n).toString();
      return `${sign}${halfway}${["", ".0", ".00", ".1", ".001"][random.integer(5)]!}`;
    }
    case 3: {
      const halfway = 2n ** 52n + BigInt(random.integer(2 ** 31)); // and a half
      return `${sign}${halfway}${[".5", ".50", ".500", ".501", ".499"][random.integer(5)]!}`;
    }
    case 4: // scores of SentencePiece models: 32-bit numbers, written as 64-bit numbers
      return String(Math.fround(-random.integer(2 ** 31) / 2 ** (20 + random.integer(40))));
    case 5: {
      // The first digits of a number halfway between two doubles below 16.
      const halfway = 2n * BigInt(random.integer(2 ** 31)) * 2n ** 22n + BigInt(random.integer(2 ** 22)) * 2n + 1n;
      const decimals = ((halfway * 10n ** 20n) >> 50n).toString().padStart(21, "0");
      return `${sign}${decimals.slice(0, -20)}.${decimals.slice(-20).slice(0, 13 + random.integer(6))}`;
    }
    case 6:
      return `${sign}0.${"0".repeat(random.integer(12))}${digits(1 + random.integer(8))}`;
    default:
      return `${sign}${random.integer(1000)}e-${random.integer(30)}`;
  }
}

test("numbers are the nearest f64", () => {
  const random = seed(1);
  for (let i = 0; i < 100_000; i++) {
    const text = numeral(random);
    const got = scannerOf(text).number();
    if (!Object.is(got, Number(text))) assert.is(got, Number(text), text);
  }
});

test("only JSON's numbers are numbers", () => {
  for (const text of ["01", "+1", "-", "", ".5", "1.", "1.e2", "1e", "1e+", "--1", "NaN", "-01.5", "a"])
    assert.throws(() => scannerOf(text).number(), /a number was expected at byte 0/, text);
  for (const text of ["0", "-0", "10", "1.0", "1e0", "1E+2", "-0.0"])
    assert.ok(Object.is(scannerOf(text).number(), Number(text)), text);
});

test("half a surrogate pair is read as U+FFFD wherever it is, and nothing else as that", () => {
  const value = scannerOf(
    String.raw`{"a\ud800": ["\ud800", "\ud83d\ude00", "\\ud800", "\udc00\ud800x", "\u0041"]}`,
  ).value();
  assert.equal(value, { "a\ufffd": ["\ufffd", "\u{1f600}", String.raw`\ud800`, "\ufffd\ufffdx", "A"] });
  assert.throws(() => scannerOf('{"a": tru}').value(), /the value at byte 0 is not valid JSON\. Is the file whole\?/);
});

/** The platform's reading of a string's bytes: its text, or null if they are not a JSON string in UTF-8. */
function platformString(bytes: Uint8Array): string | null {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)) as unknown;
    return typeof value === "string" ? value.toWellFormed() : null;
  } catch {
    return null;
  }
}

test("strings equal those of the platform's parser, with any characters and any damage", () => {
  const random = seed(2);
  let refused = 0;
  for (let i = 0; i < 40_000; i++) {
    const text = Array.from({ length: random.integer(12) }, () => {
      const most = [0x80, 0x80, 0x80, 0x800, 0xd800, 0x10000, 0x110000][random.integer(7)]!;
      return String.fromCodePoint(random.integer(most));
    }).join("");
    let json = JSON.stringify(text);
    if (random.integer(4) === 0)
      json = json.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const bytes = new TextEncoder().encode(json);
    for (let damage = random.integer(3); damage > 0; damage--)
      bytes[random.integer(bytes.length)] = random.integer(2) === 0 ? random.integer(256) : 0x80 + random.integer(0x80);
    const expected = platformString(bytes);
    const scanner = new JsonScanner(bytes);
    let got: string | null = null;
    try {
      scanner.scanString();
      got = scanner.at === bytes.length ? scanner.text() : null;
    } catch (error) {
      assert.match((error as Error).message, /^tokenizer\.json: /);
      refused++;
    }
    // JSON allows white space after the string, which the scanner leaves to its caller.
    if (got !== expected && !/\s$/.test(new TextDecoder().decode(bytes))) assert.is(got, expected, `${bytes}`);
  }
  assert.ok(refused > 5000, `${refused} refused`);
});

test("a string that outgrows every buffer is read whole", () => {
  const text = "長い\u{1f600}".repeat(50_000);
  const scanner = scannerOf(JSON.stringify(text));
  scanner.scanString();
  assert.is(scanner.text(), text);
});

test.run();
