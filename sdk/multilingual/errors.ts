import { InputError } from "../errors.js";

/** Vectors of two languages that cannot be compared: none, of different widths, or not as many as belong together. */
export class DirectionError extends InputError {
  override name = "DirectionError";
}
