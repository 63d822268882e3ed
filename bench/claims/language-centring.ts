/** Subtracting each language's mean vector brings translations together. */
import { loadModel, loadTokenizer } from "cloze";
import { sampleOf } from "cloze/data";
import { centred, embedLayers, retrievalFigures } from "cloze/multilingual";
import { type Claim, over, shown } from "./harness/claim.js";
import { probeAccuracy } from "./shared/linear-probe.js";
import { MULTILINGUAL, multilingualBase } from "./shared/multilingual.js";

const LANGUAGES = ["de", "es", "fr"] as const;

export const languageCentring: Claim = {
  name: "language-centring",
  claim:
    "subtracting each language's mean vector makes parallel sentences easier to retrieve and the language harder to identify",
  source: "Libovický et al. 2020, arXiv:2004.05160; Conneau et al. 2018 (CSLS), arXiv:1710.04087",
  published: "direction: centring improves retrieval of parallel sentences and lowers language identification",
  bar: "precision at 1 of the middle layer rises with centring for de, es and fr with every seed; CSLS at least as good as the cosine on centred vectors (means); a linear probe tells the language of centred vectors at least 10 points worse than of raw ones",
  setUp: { ...MULTILINGUAL, layer: 2, test: "UD PUD, 1,000 sentences" },
  seeds: [1, 2, 3],
  needs: ["novels", "ntrex128", "tatoeba", "wiktionary-dictionaries", "ud-english-ewt", "ud-pud"],
  minutes: 25,
  async run(context, seed) {
    const { files, languages } = await multilingualBase(context, seed);
    const tokenizer = await loadTokenizer(files);
    using engine = await context.engine();
    using loaded = await loadModel(engine, files, { task: "feature-extraction", seed });
    const parallel = new Map(await languages.parallel());
    const vectorsOf = (language: string) => {
      const texts = parallel
        .get(language)!
        .slice(0, context.few(1000, 40))
        .map(({ text }) => text);
      const samples = texts.map((text) => sampleOf(tokenizer.encode(text, undefined, { truncate: { length: 96 } })));
      return embedLayers(loaded.model, samples, { mode: "mean", normalize: false })[2]!;
    };
    const english = vectorsOf("en");
    const figures: Record<string, number> = {};
    for (const language of LANGUAGES) {
      const own = vectorsOf(language);
      const [a, b] = [centred(english), centred(own)];
      figures[`${language}_raw`] = 100 * retrievalFigures(english, own).mean;
      figures[`${language}_centred`] = 100 * retrievalFigures(a, b).mean;
      figures[`${language}_csls`] = 100 * retrievalFigures(a, b, { scoring: "csls" }).mean;
      const cut = Math.floor(0.7 * own.length);
      const told = (first: readonly ArrayLike<number>[], second: readonly ArrayLike<number>[]) => {
        const part = (from: number, end: number) => ({
          vectors: [...first.slice(from, end), ...second.slice(from, end)].map((vector) => Float32Array.from(vector)),
          labels: [first, second].flatMap((list, label) => list.slice(from, end).map(() => label)),
        });
        return 100 * probeAccuracy(part(0, cut), part(cut, own.length), 2, seed);
      };
      figures[`${language}_told_raw`] = told(english, own);
      figures[`${language}_told_centred`] = told(a, b);
    }
    return figures;
  },
  judge(results) {
    const of = (name: string) => over(results, name);
    const rises = results.every((one) =>
      LANGUAGES.every((language) => one[`${language}_centred`]! > one[`${language}_raw`]!),
    );
    const csls = LANGUAGES.every((language) => of(`${language}_csls`).mean >= of(`${language}_centred`).mean);
    const harder = LANGUAGES.every(
      (language) => of(`${language}_told_raw`).mean - of(`${language}_told_centred`).mean >= 10,
    );
    const cells = LANGUAGES.map(
      (language) =>
        `${language} ${shown(of(`${language}_raw`))} raw, ${shown(of(`${language}_centred`))} centred, ${shown(of(`${language}_csls`))} CSLS, language told ${of(`${language}_told_raw`).mean.toFixed(0)} and ${of(`${language}_told_centred`).mean.toFixed(0)}`,
    );
    return { holds: rises && csls && harder, ours: `${cells.join("; ")} %` };
  },
};
