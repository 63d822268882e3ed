/**
 * A small pre-trained BERT learns sentiment three ways: its head alone, a LoRA adapter of rank 8, and all of its weights. In
 * the end a second adapter shares the body of the first.
 *
 *   npm run example lora
 */
// biome-ignore format: a list
import { adapt, classifyTask, Engine, finetune, freeze, loadModel, loadTokenizer, memoryFiles, type Pretrained, saveAdapter } from "cloze";
import { sentiment } from "./lesson/corpus.js";
import { lookAt } from "./lesson/look-at.js";
import { smallPretrained } from "./lesson/pretrained.js";

type Classifier = Pretrained<"sequence-classification">;

const engine = await Engine.create();
const files = await smallPretrained(engine);
const { train, test } = await sentiment();
const task = classifyTask("classify");
const settings = { tokenizer: await loadTokenizer(files), labels: task.labels(train), maxLength: 64 };
const loaded = () => loadModel(engine, files, { task: "sequence-classification", labels: settings.labels });
const score = ({ model }: Classifier) =>
  `${(100 * task.evaluate(model, test, settings)["accuracy"]!).toFixed(1)} % right`;

async function learn(name: string, loaded: Classifier, learningRate: number, weights: number): Promise<void> {
  const recipe = { epochs: 4, learningRate, batchSize: 16, seed: 1 };
  for await (const _ of finetune({ loaded, task, settings, train, ...recipe }));
  console.log(`${name.padEnd(22)} ${String(weights).padStart(6)} weights learned   ${score(loaded)}`);
}

const head = await loaded();
await learn("the head alone", head, 3e-3, head.weights.count - freeze(head.weights, ["embeddings", "encoder"]));
const all = await loaded();
await learn("everything", all, 5e-4, all.weights.count);
const body = await loaded();
const first = adapt(body, { r: 8, targets: ["query", "key", "value", "dense"] });
await learn("an adapter, rank 8", first, 3e-3, first.weights.count);
const second = adapt(body, { r: 2, targets: ["query", "value"], seed: 2 });
await learn("another, rank 2", second, 3e-3, second.weights.count);

console.log(`the first, after the second was trained on the same body: ${score(first)}`);
first.lora.merge(first.weights);
console.log(`the body itself, with the first merged into it: ${score(body)}`);
first.lora.unmerge();
const saved = memoryFiles();
await saveAdapter(saved, first);
const bytes = (name: string) => saved.files.get(name)?.length;
console.log(`its files, which PEFT reads: ${[...saved.files.keys()].map((name) => `${name} ${bytes(name)} bytes`)}`);
lookAt(
  "with a tenth of the weights an adapter comes close to full fine-tuning (± 3, of 200 sentences), far above the head alone. The body keeps its weights, so any number of adapters can share it.",
);
engine.dispose();
