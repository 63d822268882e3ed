/**
 * A teacher of three layers learns sentiment from 1,168 labeled sentences. A student of one layer is then shown the same
 * sentences without labels, only from the teacher's answers; beside it, one that has a tenth of the labels.
 *
 *   npm run example distil
 */
// biome-ignore format: a list
import { classifyTask, distilClassification, Engine, finetune, freshConfig, freshModel, type Pretrained, studentOf } from "cloze";
import { trainWordPiece } from "cloze/tokenizer";
import { sentiment } from "./lesson/corpus.js";
import { lookAt } from "./lesson/look-at.js";

type Classifier = Pretrained<"sequence-classification">;

const { train: labelled, test } = await sentiment();
const tokenizer = trainWordPiece(labelled.map(({ text }) => text), { size: 1500 }); // biome-ignore format: one line
const task = classifyTask("classify");
const settings = { tokenizer, labels: task.labels(labelled), maxLength: 64 };
const engine = await Engine.create();

const shape = { hiddenSize: 96, numAttentionHeads: 3, maxPositionEmbeddings: 64, dropout: 0.1, initializerRange: 0.06 };
function fresh(numHiddenLayers: number): Classifier {
  const config = freshConfig("bert", { vocabSize: tokenizer.size, numHiddenLayers, ...shape });
  return freshModel(engine, config, "sequence-classification", 1, settings.labels);
}

async function learn(loaded: Classifier, how = task, train = labelled, epochs = 4): Promise<void> {
  const recipe = { epochs, learningRate: 1e-3, batchSize: 16, seed: 1 };
  for await (const _ of finetune({ loaded, task: how, settings, train, ...recipe }));
}
function say(name: string, { model, weights }: Classifier): void {
  const accuracy = 100 * task.evaluate(model, test, settings)["accuracy"]!;
  console.log(`${name.padEnd(48)} ${weights.count} weights   ${accuracy.toFixed(1)} % right`);
}

const teacher = fresh(3);
await learn(teacher);
say("the teacher: three layers, every label", teacher);
const soft = { soft: 1, hard: 0, cosine: 0 };
const answers = { ...task, objective: distilClassification(teacher.model, { weights: soft }) };
const student = studentOf(teacher, 1);
say("its first layer as it is", student);
await learn(student, answers);
say("that layer, taught by the teacher, no label", student);
const newcomer = fresh(1);
await learn(newcomer, answers);
say("a random layer, taught by the teacher, no label", newcomer);
const alone = fresh(1);
const few = labelled.filter((_row, i) => i % 10 === 0);
await learn(alone, task, few, 40);
say("a random layer, a tenth of the labels", alone);
lookAt(
  "the teacher's answers teach far more than a tenth of the labels (± 3, of 200 sentences), and a student that begins with one of its layers comes close to it, or passes it.",
);
engine.dispose();
