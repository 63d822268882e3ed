/** Linear probes of each layer for parts of speech. */
import { loadModel, loadTokenizer, tagTask } from "cloze";
import { type Sample, sampleOf, type TaggedSentence } from "cloze/data";
import { folder } from "cloze/node";
import { atLayers, hiddenStates, wordVector } from "cloze/tensor";
import { type Claim, over, shown } from "./harness/claim.js";
import { examplesOf } from "./shared/files.js";
import { type Labelled, probeAccuracy } from "./shared/linear-probe.js";

const [SENTENCES, TESTED, LENGTH] = [3000, 1000, 128];

export const layerProbes: Claim = {
  name: "layer-probes",
  claim:
    "middle and upper layers encode a word's part of speech better than the embeddings, and several layers together at least as well as the last",
  source: "Devlin et al. 2019, table 7; Tenney et al. 2019, arXiv:1905.05950",
  published: "CoNLL NER, frozen BERT-base: embeddings 91.0, last layer 94.9, last four concatenated 96.1",
  bar: "with every seed, a linear probe on layer 0 is at least 2 points below the best layer, and one on the last four layers concatenated is at least as good as on the last",
  setUp: {
    sentences: SENTENCES,
    tested: TESTED,
    data: "UD English EWT: train and test",
    probe: "softmax regression, 5 epochs",
  },
  seeds: [1, 2, 3],
  needs: ["model", "ud-english-ewt"],
  minutes: 15,
  async run(context, seed) {
    const files = folder(context.settings.model);
    const tokenizer = await loadTokenizer(files);
    using engine = await context.engine();
    using loaded = await loadModel(engine, files, { task: "feature-extraction", seed });
    const part = async (name: string, count: number) =>
      (await examplesOf(tagTask.read, context.data(`ud-english-ewt/${name}.tsv.gz`))).slice(0, context.few(count, 40));
    const [train, test] = [await part("train", SENTENCES), await part("test", TESTED)];
    const labels = tagTask.labels([...train, ...test])!;
    const encoded = (sentences: TaggedSentence[]) =>
      sentences.map(({ words }) => sampleOf(tokenizer.encode(words, undefined, { truncate: { length: LENGTH } })));
    const [trainSamples, testSamples] = [encoded(train), encoded(test)];
    const vectorsOf = (sentences: TaggedSentence[], samples: Sample[], layers: number[]): Labelled => {
      const states = hiddenStates(atLayers(loaded.model, layers, "concat"), samples);
      const [vectors, wanted]: [Float32Array[], number[]] = [[], []];
      for (const [i, sample] of samples.entries())
        for (const [word, tag] of sentences[i]!.tags.entries()) {
          if (!sample.words.includes(word)) continue;
          vectors.push(wordVector(states[i]!, sample, word, "first"));
          wanted.push(labels.id(tag));
        }
      return { vectors, labels: wanted };
    };
    const depth = Number(loaded.config["num_hidden_layers"]);
    const accuracyOf = (layers: number[]) =>
      100 *
      probeAccuracy(vectorsOf(train, trainSamples, layers), vectorsOf(test, testSamples, layers), labels.size, seed);
    const all = Array.from({ length: depth + 1 }, (_, layer) => layer);
    const figures = Object.fromEntries(all.map((layer) => [`layer_${layer}`, accuracyOf([layer])]));
    const upper = all.slice(-4);
    return {
      ...figures,
      concatenated: accuracyOf(upper),
      last: figures[`layer_${depth}`]!,
      best: Math.max(...all.slice(1).map((layer) => figures[`layer_${layer}`]!)),
    };
  },
  judge(results) {
    const holds = results.every((one) => one["best"]! - one["layer_0"]! >= 2 && one["concatenated"]! >= one["last"]!);
    const layers = Object.keys(results[0]!).filter((name) => name.startsWith("layer_"));
    return {
      holds,
      ours: `${layers.map((name) => `${name.replace("_", " ")} ${over(results, name).mean.toFixed(1)}`).join(", ")}, concatenated ${shown(over(results, "concatenated"))} %`,
    };
  },
};
