/** A look inside the model: words on a plane, and attention. */
import { type Engine, loadModel, loadTokenizer } from "cloze";
import { collate, sampleOf } from "cloze/data";
import { attentionSection, planeSection, type Section } from "cloze/report";
import { embedTexts, Scope, type Tensor } from "cloze/tensor";
import { filesAt, type ModelPlace } from "./model-place.js";

/** Words by topic; those of one topic should be close to each other. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  animals: ["cat", "dog", "horse", "bird", "fish", "cow"],
  food: ["bread", "milk", "soup", "cheese", "apple", "salt"],
  water: ["river", "sea", "rain", "snow", "ice", "lake"],
  people: ["mother", "father", "teacher", "doctor", "girl", "boy"],
  verbs: ["walk", "run", "eat", "drink", "read", "write"],
};

const SENTENCE = "The old man gave his dog a piece of bread.";

const LENGTH = 64;

export async function insideSections(engine: Engine, place: ModelPlace): Promise<Section[]> {
  const files = filesAt(place);
  const tokenizer = await loadTokenizer(files);
  using loaded = await loadModel(engine, files, { task: "feature-extraction" });
  const words = Object.entries(GROUPS).flatMap(([group, members]) => members.map((label) => ({ group, label })));
  const labels = words.map(({ label }) => label);
  const vectors = embedTexts(loaded.model, tokenizer, labels, { mode: "mean", normalize: true }, LENGTH);
  const encoding = tokenizer.encode(SENTENCE);
  const tokens = Array.from(encoding.ids, (id) => tokenizer.token(id)!);
  using _ = new Scope();
  const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
  loaded.model.encode(collate([sampleOf(encoding)]), trace);
  return [
    planeSection(
      "Words on a plane",
      words.map((word, i) => ({ ...word, vector: vectors[i]! })),
      "The mean of the last hidden states of each word without context. The model was never told which words belong together.",
    ),
    attentionSection(
      `Attention in “${SENTENCE}”`,
      tokens,
      trace.attentions.map(({ data }) => data),
    ),
  ];
}
