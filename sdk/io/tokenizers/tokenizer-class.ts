/** Which tokenizer a folder has: the class that tokenizer_config.json or config.json names, else the one of the model's type. */

/** Tokenizers that read the fields of tokenizer_config.json in the same way. */
export type TokenizerKind =
  | "bert"
  | "bert-japanese"
  | "mpnet"
  | "roberta"
  | "gpt2"
  | "deberta"
  | "albert"
  | "xlnet"
  | "xlm-roberta"
  | "camembert"
  | "barthez"
  | "mbart"
  | "mbart-50"
  | "nllb"
  | "t5"
  | "deberta-v2"
  | "marian";

/** By class, without "Tokenizer" and "Fast" at its end. */
const BY_CLASS: Readonly<Record<string, TokenizerKind>> = {
  Bert: "bert",
  DistilBert: "bert",
  Electra: "bert",
  MobileBert: "bert",
  ConvBert: "bert",
  SqueezeBert: "bert",
  LayoutLM: "bert",
  RetriBert: "bert",
  Lxmert: "bert",
  Splinter: "bert",
  DPRContextEncoder: "bert",
  DPRQuestionEncoder: "bert",
  DPRReader: "bert",
  BertJapanese: "bert-japanese",
  MPNet: "mpnet",
  Roberta: "roberta",
  Bart: "roberta",
  Longformer: "roberta",
  LED: "roberta",
  GPT2: "gpt2",
  Deberta: "deberta",
  Albert: "albert",
  XLNet: "xlnet",
  XLMRoberta: "xlm-roberta",
  Barthez: "barthez",
  Camembert: "camembert",
  MBart: "mbart",
  MBart50: "mbart-50",
  Nllb: "nllb",
  T5: "t5",
  MT5: "t5",
  DebertaV2: "deberta-v2",
  Marian: "marian",
};

const BY_MODEL_TYPE: Readonly<Record<string, TokenizerKind>> = {
  bert: "bert",
  distilbert: "bert",
  electra: "bert",
  nomic_bert: "bert",
  mpnet: "mpnet",
  roberta: "roberta",
  bart: "roberta",
  gpt2: "gpt2",
  deberta: "deberta",
  albert: "albert",
  xlnet: "xlnet",
  "xlm-roberta": "xlm-roberta",
  "xlm-roberta-xl": "xlm-roberta",
  gte: "xlm-roberta",
  barthez: "barthez",
  camembert: "camembert",
  mbart: "mbart",
  mbart50: "mbart-50",
  nllb: "nllb",
  t5: "t5",
  mt5: "t5",
  umt5: "t5",
  "deberta-v2": "deberta-v2",
  marian: "marian",
};

export interface TokenizerClass {
  /** how its fields are read; null for a class that takes tokenizer.json as it is, such as PreTrainedTokenizerFast */
  readonly kind: TokenizerKind | null;
  /** whether a file names the class; the type of the model tells otherwise */
  readonly named: boolean;
  /** how its files are read where there is no tokenizer.json; null for a class that is not known */
  readonly published: TokenizerKind | null;
}

/** Names that only say that the folder has a tokenizer. */
const GENERAL = ["PreTrainedTokenizer", "PreTrainedTokenizerFast", "TokenizersBackend"];

export function tokenizerClass(
  tokenizerConfig: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
): TokenizerClass {
  const type = config["model_type"];
  const ofModel = find(BY_MODEL_TYPE, type);
  const name = tokenizerConfig["tokenizer_class"] ?? config["tokenizer_class"];
  if (typeof name !== "string") return { kind: asItIs(type) ? null : ofModel, named: false, published: ofModel };
  const kind = find(BY_CLASS, name.replace(/(Tokenizer)?(Fast)?$/, ""));
  const published = kind ?? (GENERAL.includes(name) ? ofModel : null);
  return { kind: asItIs(type) ? null : kind, named: true, published };
}

/** Whatever class these models name, transformers takes their tokenizer.json as it is. */
const asItIs = (type: unknown): boolean => type === "modernbert" || type === "umt5";

function find(kinds: Readonly<Record<string, TokenizerKind>>, name: unknown): TokenizerKind | null {
  return typeof name === "string" && Object.hasOwn(kinds, name) ? kinds[name]! : null;
}
