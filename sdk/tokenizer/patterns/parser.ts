/** Regular expressions of tokenizer.json, parsed. The syntax is Oniguruma's, as far as published tokenizers use it. */
import { shown } from "../../errors.js";
import { TokenizerError } from "../errors.js";
import { ESCAPES, endsLine, LOOKS, not, PLACES, PROPERTIES, startsLine, type Test, wordInClass } from "./conditions.js";
import { compile, type Instruction, type Limit, type Node } from "./program.js";

/** Counted repetitions are written out, so their product is bounded. Published patterns have a few hundred instructions. */
const LARGEST = 5000;
/** Nesting of groups, classes and quantifiers: walks of the tree are recursive. */
const DEEPEST = 64;
const LAST_CODE_POINT = 0x10ffff;

export function parsePattern(source: string, path: string): Instruction[] {
  const limit: Limit = (length) => {
    if (length > LARGEST) throw new TokenizerError(`${path}: the pattern ${shown(source)} is too large`);
  };
  return [...compile(new Parser(source, path).parse(), limit), { kind: "match" }];
}

const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27, 0: 0 };

/** The lower and upper case of a character. */
function otherCases(codePoint: number): number[] {
  const text = String.fromCodePoint(codePoint);
  return [text.toLowerCase(), text.toUpperCase()]
    .filter((form) => [...form].length === 1)
    .map((form) => form.codePointAt(0)!);
}

class Parser {
  private at = 0;
  private readonly characters: readonly string[];
  private ignoreCase = false;
  private depth = 0;

  constructor(
    private readonly source: string,
    private readonly path: string,
  ) {
    this.characters = [...source];
  }

  parse(): Node {
    const node = this.alternatives();
    if (this.at < this.characters.length) this.fail(`unexpected ${shown(this.characters[this.at])}`);
    return node;
  }

  private fail(why: string): never {
    throw new TokenizerError(
      `${this.path}: the pattern ${shown(this.source)} is not supported: ${why} at character ${this.at}`,
    );
  }

  private get here(): string | undefined {
    return this.characters[this.at];
  }

  /** The next characters, `length` of them. */
  private ahead(length: number): string {
    return this.characters.slice(this.at, this.at + length).join("");
  }

  private take(text: string): boolean {
    const found = this.ahead(text.length) === text;
    if (found) this.at += text.length;
    return found;
  }

  private alternatives(): Node {
    this.enter();
    const parts = [this.sequence()];
    while (this.take("|")) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 ? parts[0]! : { type: "any", parts };
  }

  private enter(): void {
    if (++this.depth > DEEPEST) this.fail(`nesting deeper than ${DEEPEST}`);
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (this.here !== undefined && this.here !== "|" && this.here !== ")") parts.push(this.repeated());
    return { type: "all", parts };
  }

  private repeated(): Node {
    let part = this.atom();
    for (let stacked = 0; ; stacked++) {
      const counts = this.counts();
      if (counts === null) return part;
      if (stacked === DEEPEST) this.fail("a repetition");
      const lazy = this.take("?");
      if (!lazy && this.here === "+") this.fail("a possessive quantifier");
      part = { type: "repeat", part, least: counts[0], most: counts[1], lazy };
    }
  }

  private counts(): readonly [number, number] | null {
    if (this.take("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.take("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.take("?")) return [0, 1];
    const found = /^\{(\d*)(,?)(\d*)\}/.exec(this.ahead(24));
    if (found === null || (found[1] === "" && found[3] === "")) return null;
    this.at += found[0].length;
    const least = Number(found[1] || 0);
    const most = found[2] === "" ? least : found[3] === "" ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (least > LARGEST || most < least || (most !== Number.POSITIVE_INFINITY && most > LARGEST))
      this.fail("a repetition");
    return [least, most];
  }

  private atom(): Node {
    if (this.take("^")) return { type: "look", holds: startsLine };
    if (this.take("$")) return { type: "look", holds: endsLine };
    if (this.take("(")) return this.group();
    const place = this.here === "\\" ? this.characters[this.at + 1] : undefined;
    if (place !== undefined && Object.hasOwn(PLACES, place)) {
      this.at += 2;
      return { type: "look", holds: PLACES[place]! };
    }
    return { type: "test", test: this.single() };
  }

  private group(): Node {
    const outer = this.ignoreCase;
    for (const [begin, look] of LOOKS)
      if (this.take(begin)) {
        const test = this.single();
        if (!this.take(")")) this.fail("a lookaround of more than one character");
        return { type: "look", holds: look(test) };
      }
    if (this.take("?i:")) this.ignoreCase = true;
    else if (!this.take("?:") && this.here === "?") this.fail("a special group");
    const node = this.alternatives();
    if (!this.take(")")) this.fail("a group without end");
    this.ignoreCase = outer;
    return node;
  }

  /** One character, class or escape. */
  private single(): Test {
    if (this.take("[")) return this.charClass();
    if (this.take(".")) return (c) => c !== 10;
    if (this.take("\\")) return this.escape();
    const character = this.here;
    if (character === undefined || "*+?{".includes(character)) this.fail("a character was expected");
    this.at++;
    return this.literal(character.codePointAt(0)!);
  }

  private literal(codePoint: number): Test {
    if (!this.ignoreCase) return (c) => c === codePoint;
    const lower = String.fromCodePoint(codePoint).toLowerCase();
    return (c) => c === codePoint || String.fromCodePoint(c).toLowerCase() === lower;
  }

  private escape(): Test {
    const letter = this.here ?? this.fail("a character after \\ was expected");
    const lower = letter.toLowerCase();
    if (lower === "p") return this.property(letter === "P");
    const escaped = Object.hasOwn(ESCAPES, lower) ? ESCAPES[lower] : undefined;
    if (escaped === undefined) return this.literal(this.escapedCharacter());
    this.at++;
    return letter === lower ? escaped : not(escaped);
  }

  /** A single escaped character, after its backslash. */
  private escapedCharacter(): number {
    const letter = this.here ?? this.fail("a character after \\ was expected");
    const code = /^[xu](?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{4}|[0-9a-fA-F]{2}))/.exec(this.ahead(12));
    if (code !== null) {
      const codePoint = Number.parseInt((code[1] ?? code[2])!, 16);
      if (codePoint > LAST_CODE_POINT) this.fail(`the escape \\${code[0]}`);
      this.at += code[0].length;
      return codePoint;
    }
    this.at++;
    if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter]!;
    if (/[0-9a-zA-Z]/.test(letter)) this.fail(`the escape \\${letter}`);
    return letter.codePointAt(0)!;
  }

  private property(negative: boolean): Test {
    const found = /^[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/.exec(this.ahead(40));
    if (found === null) this.fail("a property was expected");
    this.at += found[0].length;
    const name = (found[2] ?? found[3])!;
    const test = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name]! : this.engineProperty(name);
    return negative !== (found[1] === "^") ? not(test) : test;
  }

  /** Subcategories and scripts, from the JavaScript engine. */
  private engineProperty(name: string): Test {
    for (const form of [name, `Script=${name}`])
      try {
        const pattern = new RegExp(`^\\p{${form}}$`, "u");
        return (c) => pattern.test(String.fromCodePoint(c));
      } catch {
        // Not a category: perhaps a script.
      }
    return this.fail(`the property ${name}`);
  }

  /** A class in brackets, after its [. */
  private charClass(): Test {
    this.enter();
    const negative = this.take("^");
    const tests: Test[] = [];
    for (let first = true; first || this.here !== "]"; first = false) {
      if (this.here === undefined) this.fail("a class without end");
      if (this.take("&&")) this.fail("an intersection of classes");
      if (this.here === "[") {
        this.at++;
        tests.push(this.charClass());
        continue;
      }
      tests.push(this.classItem());
    }
    this.at++;
    this.depth--;
    return (c) => tests.some((test) => test(c)) !== negative;
  }

  private classItem(): Test {
    if (this.take("\\w")) return wordInClass;
    if (this.take("\\W")) return not(wordInClass);
    if (this.here === "\\" && /[pPsSdD]/.test(this.characters[this.at + 1] ?? "")) {
      this.at++;
      return this.escape();
    }
    const low = this.classCharacter();
    if (this.here !== "-" || this.characters[this.at + 1] === "]") return this.literal(low);
    this.at++;
    const high = this.classCharacter();
    const test: Test = (c) => c >= low && c <= high;
    return this.ignoreCase ? (c) => test(c) || otherCases(c).some(test) : test;
  }

  private classCharacter(): number {
    if (this.take("\\")) return this.escapedCharacter();
    const character = this.here ?? this.fail("a class without end");
    this.at++;
    return character.codePointAt(0)!;
  }
}
