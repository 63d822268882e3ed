/** The options of a command as a record of its run keeps them: the same rules hold as for options that are typed. */
import { type Command, InvalidArgumentError, type Option } from "commander";
import { UsageError } from "./usage.js";

/**
 * The options of a record, checked and parsed again.
 *
 * @param record the file, for errors
 * @throws {UsageError} for an option that the command does not have, or a value that it does not take
 */
export function checkedOptions(
  record: string,
  command: Command,
  saved: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(saved).map(([name, value]) => {
      const option = command.options.find((one) => one.attributeName() === name);
      if (!option) throw new UsageError(`${record}: cloze ${command.name()} has no option ${JSON.stringify(name)}`);
      return [name, parsed(record, option, value)];
    }),
  );
}

const isWord = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number";

function parsed(record: string, option: Option, value: unknown): unknown {
  const wrong = (expected: string): UsageError =>
    new UsageError(`${record}: --${option.name()} is ${JSON.stringify(value)?.slice(0, 80)}: ${expected}`);
  if (option.isBoolean() || option.negate) {
    if (typeof value === "boolean") return value;
    throw wrong("expected true or false");
  }
  if (option.parseArg === undefined) {
    if (typeof value === "string") return value;
    throw wrong("expected a text");
  }
  const words: unknown[] = Array.isArray(value) ? value : [value];
  if (words.length === 0 || !words.every(isWord)) throw wrong("expected a value as on the command line");
  try {
    return option.parseArg(words.join(","), undefined as never);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw wrong(error.message);
    throw error;
  }
}
