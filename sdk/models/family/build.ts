/** A model for a task: the family's body and the head of the task. */
import type { Weights } from "../../nn/weights.js";
import { ConfigError } from "./config.js";
import type { Encoder } from "./encoder.js";
import type { EncoderFamily, HeadOf, HeadTask, ModelTask } from "./family.js";

/** A model of a task: an encoder with the task's head. */
export type Model<T extends ModelTask> = Encoder & HeadOf[T];

/**
 * Request every parameter of the task's model from the weights and build the model.
 *
 * @param classes number of labels, for `sequence-classification` and `token-classification`
 * @throws {ConfigError} when the family has no such head
 * @example
 * const config = freshConfig("bert", sizes);
 * const family = familyOf(config);
 * const { sequenceScores } = buildModel(family, w.at("my-bert"), family.read(config), "sequence-classification", 3);
 */
export function buildModel<C, T extends ModelTask>(
  family: EncoderFamily<C>,
  w: Weights,
  config: C,
  task: T,
  classes = 2,
): Model<T> {
  const refuse = (name: ModelTask): never => {
    throw new ConfigError(
      `${family.type} has no model for ${name}; it has ${Object.keys(family.architectures).join(", ")}`,
    );
  };
  if (task === "feature-extraction" && !family.architectures[task]) refuse(task);
  const encoder = family.encoder(w, config);
  const head = <H extends HeadTask>(name: H): HeadOf[H] => {
    const make = family.heads[name] as ((w: Weights, config: C, classes: number) => HeadOf[H]) | undefined;
    return (make ?? refuse(name))(w, config, classes);
  };
  if (task === "feature-extraction") {
    family.heads["feature-extraction"]?.(w, config);
    return encoder as Model<T>;
  }
  const heads = task === "pretraining" ? (["masked-lm", "next-sentence-prediction"] as const) : [task as HeadTask];
  return Object.assign(encoder, ...heads.map(head)) as Model<T>;
}
