/** The option `dtype`: how a model's matrices are kept, by this package's names and by those that other libraries have. */
import { oneOf, type Rule } from "../../options.js";
import type { WeightDtype } from "../../tensor/compact-panels.js";

/** `f32`, `f16`, `q8`, `q4`, or another library's name of one of these. */
export type WeightDtypeName = WeightDtype | "float32" | "fp32" | "float16" | "fp16" | "int8" | "int4";

const NAMES: Readonly<Record<WeightDtypeName, WeightDtype>> = {
  f32: "f32",
  f16: "f16",
  q8: "q8",
  q4: "q4",
  float32: "f32",
  fp32: "f32",
  float16: "f16",
  fp16: "f16",
  int8: "q8",
  int4: "q4",
};

export const aWeightDtype = (): Rule => oneOf(...Object.keys(NAMES));

export const weightDtype = (name: WeightDtypeName): WeightDtype => NAMES[name];
