/** Text of eight languages, sentences with their translations and tagged sentences, from a folder of public data sets. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { tagTask } from "cloze";
import { type TaggedSentence, textSource } from "cloze/data";

/** Codes of NTREX-128 and of Tatoeba, by language. */
const CODES: Readonly<Record<string, readonly [string | null, string | null]>> = {
  en: ["eng", null],
  de: ["deu", "deu"],
  fr: ["fra", "fra"],
  es: ["spa", "spa"],
  pt: ["por", "por"],
  it: ["ita", "ita"],
  sv: [null, "swe"],
  id: ["ind", "ind"],
};
/** Word lists: file, and whether English comes first. */
const DICTIONARIES: Readonly<Record<string, readonly [string, boolean]>> = {
  de: ["en-de", true],
  es: ["en-es", true],
  fr: ["fr-en", false],
};

export type Pair = readonly [english: string, other: string];

export class Languages {
  /** by language, its sentences */
  readonly text: Record<string, string[]> = {};
  /** by language, English sentences (or a few words) and their translations */
  readonly pairs: Record<string, Pair[]> = {};

  /** @param place the folder: novels/, ntrex128/, tatoeba/, wiktionary-dictionaries/, ud-english-ewt/, ud-pud/ */
  constructor(private readonly place: string) {
    for (const [language, [news, everyday]] of Object.entries(CODES)) {
      this.text[language] = this.novels(language);
      if (language !== "en") this.pairs[language] = this.words(language);
      if (news !== null) this.addNews(language, news);
      if (everyday !== null) this.addEveryday(language, everyday);
    }
  }

  private read(name: string): string {
    const bytes = readFileSync(join(this.place, name));
    return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  }

  private lines(name: string): string[] {
    return this.read(name).split("\n").filter(Boolean);
  }

  private novels(language: string): string[] {
    const folder = join("novels", language);
    if (!existsSync(join(this.place, folder))) return [];
    const files = readdirSync(join(this.place, folder)).slice(0, 8);
    const paragraphs = files.flatMap((file) => this.lines(join(folder, file)));
    return paragraphs.flatMap((one) => one.split(/(?<=[.!?]["”»]?) /)).filter(({ length }) => length > 20);
  }

  /** Dictionary entries, four by four. */
  private words(language: string): Pair[] {
    const dictionary = DICTIONARIES[language];
    if (!dictionary) return [];
    const entries = this.lines(`wiktionary-dictionaries/${dictionary[0]}.tsv.gz`).map((line) => line.split("\t"));
    const columns = dictionary[1] ? [0, 1] : [1, 0];
    return Array.from({ length: entries.length >> 2 }, (_, i) => {
      // Neighbors in the alphabet are often of one family: entries from all over the list make better company.
      const four = [0, 1, 2, 3].map((part) => entries[i + part * (entries.length >> 2)]!);
      const [english, other] = columns.map((column) => four.map((entry) => entry[column]).join(" , "));
      return [english!, other!] as const;
    });
  }

  private addNews(language: string, code: string): void {
    const lines = this.lines(`ntrex128/full/${code}.txt.gz`);
    this.text[language]!.push(...lines);
    if (language === "en") return;
    const english = this.lines("ntrex128/full/eng.txt.gz");
    this.pairs[language]!.push(...lines.map((line, i) => [english[i]!, line] as const));
  }

  private addEveryday(language: string, code: string): void {
    for (const line of this.lines(`tatoeba/${code}-eng.tsv`)) {
      const [own, english] = line.split("\t");
      this.text[language]!.push(own!);
      this.text["en"]!.push(english!);
      this.pairs[language]!.push([english!, own!]);
    }
  }

  /** Tagged English to learn from. */
  english(): Promise<TaggedSentence[]> {
    return this.tagged("ud-english-ewt/train.tsv.gz");
  }

  /** The same thousand sentences, tagged, in twenty languages. */
  async parallel(): Promise<[language: string, sentences: TaggedSentence[]][]> {
    const files = readdirSync(join(this.place, "ud-pud")).filter((name) => name.endsWith(".tsv.gz"));
    return Promise.all(
      files.map(async (file) => [file.slice(0, 2), await this.tagged(`ud-pud/${file}`)] satisfies [string, unknown]),
    );
  }

  private async tagged(name: string): Promise<TaggedSentence[]> {
    const sentences: TaggedSentence[] = [];
    for await (const sentence of tagTask.read(textSource(name, this.read(name)))) sentences.push(sentence);
    return sentences;
  }
}
