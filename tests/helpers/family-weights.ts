/** Random weights in the shapes that a configuration asks for, as a model.safetensors. */
import type { Engine } from "../../sdk/engine/engine.js";
import { classesOf, taskOf } from "../../sdk/io/pretrained/pretrained.js";
import { familyOf } from "../../sdk/models/families.js";
import { buildModel } from "../../sdk/models/family/build.js";
import type { Section } from "../../sdk/models/family/config.js";
import { Weights } from "../../sdk/nn/weights.js";
import { rawSafetensors } from "./raw-safetensors.js";
import { weightOf } from "./reference-folder.js";

/** Small random numbers, over and over: values do not matter where only shapes are in question. */
const BLOCK = new Uint8Array(weightOf("block", 4099, 0.05).buffer);

function valuesOf(count: number): Uint8Array {
  const bytes = new Uint8Array(4 * count);
  for (let at = 0; at < bytes.length; at += BLOCK.length) bytes.set(BLOCK.subarray(0, bytes.length - at), at);
  return bytes;
}

/** The file of the model that `architectures` names. */
export function weightsFor(engine: Engine, config: Section): Uint8Array {
  const family = familyOf(config);
  const task = taskOf(family, config);
  const read = family.read(config);
  const classes = classesOf(config, task, undefined)?.size ?? 1;
  const plan = Weights.plan(engine, (w) => buildModel(family, w, read, task, classes));
  return rawSafetensors(
    [...plan].map(([name, { shape }]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return { name, dtype: "F32", shape, bytes: valuesOf(count) };
    }),
  );
}
