/** Special tokens by role (mask, cls, sep, pad, …): from the model folder's files, or by well-known names. */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";

/** Ids of special tokens by role; a role that the vocabulary lacks is absent. */
export interface SpecialTokens {
  readonly unknown?: number;
  readonly mask?: number;
  readonly cls?: number;
  readonly sep?: number;
  readonly pad?: number;
  readonly bos?: number;
  readonly eos?: number;
}

/** Role, the key of special_tokens_map.json, and the names that published vocabularies use, the likeliest first. */
const KNOWN: readonly (readonly [keyof SpecialTokens, string, readonly string[]])[] = [
  ["unknown", "unk_token", ["[UNK]", "<unk>"]],
  ["mask", "mask_token", ["[MASK]", "<mask>"]],
  ["cls", "cls_token", ["[CLS]", "<cls>", "<s>"]],
  ["sep", "sep_token", ["[SEP]", "<sep>", "</s>"]],
  ["pad", "pad_token", ["[PAD]", "<pad>"]],
  ["bos", "bos_token", ["<s>", "[BOS]", "<|endoftext|>"]],
  ["eos", "eos_token", ["</s>", "[EOS]", "<|endoftext|>"]],
];

/**
 * @param id looks a token up in the vocabulary
 * @param settings the parsed special_tokens_map.json or tokenizer_config.json, when there is one
 */
export function findSpecialTokens(
  id: (token: string) => number | undefined,
  settings: Readonly<Record<string, unknown>> = {},
): SpecialTokens {
  const roles: { -readonly [role in keyof SpecialTokens]: number } = {};
  for (const [role, key, names] of KNOWN) {
    const said = contentOf(settings[key], key);
    const found = (said === undefined ? names : [said]).map(id).find((known) => known !== undefined);
    if (found !== undefined) roles[role] = found;
  }
  return roles;
}

function contentOf(value: unknown, key: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const content = typeof value === "object" ? (value as { content?: unknown }).content : value;
  expect(typeof content === "string", `${key} must be a string or an object with "content", got ${shown(value)}`);
  return content;
}
