/** The special tokens that each class puts around a text and around a pair, whatever the tokenizer.json says. */
import { shown } from "../../errors.js";
import { templateJSON } from "../../tokenizer/presets.js";
import { ModelFileError } from "../files/files.js";
import type { roleNames } from "./special-tokens.js";
import type { TokenizerKind } from "./tokenizer-class.js";

type Section = Readonly<Record<string, unknown>>;

/** The tokens of a frame: their names, and the id that each will have. */
export interface Frame {
  readonly names: ReturnType<typeof roleNames>;
  readonly id: (token: string) => number;
  /** tokenizer_config.json */
  readonly config: Section;
}

/** A place of a template: the first or the second text, or a special token; with its segment. */
type Place = readonly [name: string, segment: number];
const A: Place = ["$A", 0];
const B: Place = ["$B", 0];

/** TemplateProcessing of tokenizer.json. */
function template(single: readonly Place[], pair: readonly Place[], id: (token: string) => number): Section {
  const texts = (places: readonly Place[]) => places.map(([name, segment]) => `${name}:${segment}`);
  return templateJSON(texts(single), texts(pair), id);
}

/** [CLS] A [SEP] and [CLS] A [SEP] B [SEP], the second text in a segment of its own. */
function bertFrame({ names, id }: Frame): Section | null {
  const { cls_token: cls, sep_token: sep } = names;
  if (cls === null || sep === null) return null;
  const single: Place[] = [[cls, 0], A, [sep, 0]];
  return template(single, [...single, ["$B", 1], [sep, 1]], id);
}

/** <s> A </s> and <s> A </s> </s> B </s>, all in one segment. */
function pairOfEnds(begin: string | null, end: string | null, id: (token: string) => number): Section | null {
  if (begin === null || end === null) return null;
  return template([[begin, 0], A, [end, 0]], [[begin, 0], A, [end, 0], [end, 0], B, [end, 0]], id);
}

function robertaFrame({ names, id }: Frame, addPrefixSpace: boolean): Section | null {
  const { cls_token: cls, sep_token: sep } = names;
  if (cls === null || sep === null) return null;
  return {
    type: "RobertaProcessing",
    sep: [sep, id(sep)],
    cls: [cls, id(cls)],
    trim_offsets: true,
    add_prefix_space: addPrefixSpace,
  };
}

const asksForEnds = (config: Section): boolean =>
  config["add_bos_token"] !== undefined || config["add_eos_token"] !== undefined;

/** The marks that add_bos_token and add_eos_token ask for, and no others. */
function endsFrame({ names, id, config }: Frame): Section {
  const begin: Place[] = config["add_bos_token"] === true && names.bos_token !== null ? [[names.bos_token, 0]] : [];
  const end: Place[] = config["add_eos_token"] === true && names.eos_token !== null ? [[names.eos_token, 0]] : [];
  const second = (places: readonly Place[]) => places.map(([name]): Place => [name, 1]);
  const single = [...begin, A, ...end];
  return template(single, [...single, ...second(begin), ["$B", 1], ...second(end)], id);
}

/** mBART and NLLB: the language of the text, before it or behind its end. */
function languageFrame(kind: "mbart" | "mbart-50" | "nllb", { names, id, config }: Frame): Section {
  const language = config["src_lang"] ?? (kind === "nllb" ? "eng_Latn" : "en_XX");
  const end = names.eos_token ?? "</s>";
  if (typeof language !== "string" || id(language) < 0 || id(end) < 0)
    throw new ModelFileError(
      `tokenizer_config.json: src_lang must be a language of the vocabulary, which has ${end} too; got ${shown(language)}`,
    );
  const isLast = kind === "mbart" || (kind === "nllb" && config["legacy_behaviour"] === true);
  const around = (...texts: Place[]): Place[] =>
    isLast ? [...texts, [end, 0], [language, 0]] : [[language, 0], ...texts, [end, 0]];
  return template(around(A), around(A, B), id);
}

/**
 * The post-processor of a class; null for those that leave it to tokenizer.json.
 *
 * @param isPublished whether there is no tokenizer.json that could say it
 */
export function frameOf(kind: TokenizerKind, frame: Frame, isPublished: boolean): Section | null {
  const { names, id, config } = frame;
  switch (kind) {
    case "bert":
    case "bert-japanese":
    case "deberta-v2":
      return bertFrame(frame);
    case "albert":
      if (!isPublished) return null;
      return asksForEnds(config) ? endsFrame(frame) : bertFrame(frame);
    case "roberta":
      return robertaFrame(frame, config["add_prefix_space"] === true);
    case "mpnet":
      return robertaFrame(frame, false);
    case "deberta":
      return pairOfEnds(names.cls_token, names.sep_token, id);
    case "xlm-roberta":
    case "camembert":
      return pairOfEnds(names.bos_token, names.eos_token, id);
    case "gpt2":
      return isPublished ? endsFrame(frame) : null;
    case "t5":
      return names.eos_token === null
        ? null
        : template([A, [names.eos_token, 0]], [A, [names.eos_token, 0], B, [names.eos_token, 0]], id);
    case "mbart":
    case "mbart-50":
    case "nllb":
      return languageFrame(kind, frame);
    default:
      return null;
  }
}
