import { InputError } from "../errors.js";

/** Vectors that cannot be compared: none, of different widths, or unequal in number. */
export class DirectionError extends InputError {
  override name = "DirectionError";
}
