/** A student: the teacher with fewer layers, initialized from some of the teacher's. Sanh et al. 2019, section 3. */
import { fieldsOf } from "../../io/files/files.js";
import type { Pretrained } from "../../io/pretrained/pretrained.js";
import { buildModel } from "../../models/family/build.js";
import { ConfigError } from "../../models/family/config.js";
import type { ModelTask } from "../../models/family/family.js";
import { Weights } from "../../nn/weights.js";
import { ArgumentError, checkArgument, given, wholeNumber } from "../../options.js";
import { inLayer } from "../optim/parameter-groups.js";

/**
 * The teacher's layers that initialize the student: evenly spaced from the first to the last.
 *
 * @example
 * chosenLayers(12, 6); // [0, 2, 4, 7, 9, 11], as the published DistilBERT
 */
export function chosenLayers(teacher: number, student: number): number[] {
  checkArgument("chosenLayers", "teacher", teacher, wholeNumber(1, 1000));
  if (!Number.isInteger(student) || student < 1 || student > teacher)
    throw new ArgumentError(`a student of a teacher with ${teacher} layers has 1 to ${teacher}, got ${given(student)}`);
  const step = student === 1 ? 0 : (teacher - 1) / (student - 1);
  return Array.from({ length: student }, (_, i) => Math.round(i * step));
}

/**
 * A student with its own memory: copies of the teacher's embeddings, heads and chosen layers.
 *
 * @param layers number of layers
 * @param chosen the teacher's layers to copy; default evenly spaced
 * @throws {ConfigError} for families with two stacks, or whose layers share their weights
 * @example
 * using student = studentOf(teacher, 3);
 */
export function studentOf<P extends ModelTask>(
  teacher: Pretrained<P>,
  layers: number,
  chosen?: number[],
): Pretrained<P> {
  const { engine, family, task, labels } = teacher;
  const read = fieldsOf(family.read(teacher.config));
  const { countField: field, stacks } = family.parameters;
  if (field === undefined)
    throw new ConfigError(
      `a student of ${family.type} is not supported; expected a family with one stack of layers that share no weights`,
    );
  const from = chosen ?? chosenLayers(Number(read[field]), layers);
  const types = teacher.config["layer_types"];
  const config = {
    ...teacher.config,
    [field]: layers,
    ...(Array.isArray(types) && { layer_types: from.map((layer) => types[layer] as unknown) }),
  };
  const own = new Map(teacher.weights.entries());
  const copied = (name: string) => own.get(inLayer(name, stacks, (layer) => from[layer] ?? layer));
  const weights = new Weights(engine, { copied });
  try {
    const model = buildModel(family, weights, family.read(config), task, labels?.size ?? 1);
    return {
      ...teacher,
      config,
      model,
      weights,
      fresh: [],
      leftOver: [],
      [Symbol.dispose]: () => weights[Symbol.dispose](),
    };
  } catch (error) {
    weights[Symbol.dispose]();
    throw error;
  }
}
