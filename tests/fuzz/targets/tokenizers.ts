/** Tokenizers in every layout, and hostile texts and ids against valid ones. */
import fc from "fast-check";
import { loadTokenizer, memoryFiles } from "../../../sdk/index.js";
import { jsonBytes } from "../../../sdk/io/files/files.js";
import {
  DecodeStream,
  readMarian,
  readMerges,
  readSentencePiece,
  readVocabulary,
  type Tokenizer,
} from "../../../sdk/tokenizer/index.js";
import { folderMutants, pieceFile, savedFolder, tokenizers, tryTokenizer } from "../fixtures.js";
import { hostileText } from "../hostile.js";
import { callMutant, encode, fileMutant, type Target } from "../mutant.js";
import { mutantBytes, mutantJson } from "../mutations.js";

type MemoryFiles = ReturnType<typeof memoryFiles>;

const jsonOf = (tokenizer: Tokenizer): unknown => JSON.parse(JSON.stringify(tokenizer)) as unknown;
const loadAndTry = async (folder: MemoryFiles) => tryTokenizer(await loadTokenizer(folder));

/** vocab.json and merges.txt of a BPE tokenizer. */
function mergesFiles(): Map<string, Uint8Array> {
  const { model } = jsonOf(tokenizers["bpe"]!()) as { model: { vocab: object; merges: (string | string[])[] } };
  const merges = model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" "))).join("\n");
  const vocabulary = Object.keys(model.vocab).length;
  const marks = Object.fromEntries(
    ["<s>", "<pad>", "</s>", "<unk>", "<mask>"].map((mark, i) => [mark, vocabulary + i]),
  );
  return new Map([
    ["vocab.json", jsonBytes({ ...model.vocab, ...marks })],
    ["merges.txt", encode(`#version: 0.2\n${merges}\n`)],
  ]);
}

const SETTINGS = {
  tokenizer_class: "BertTokenizer",
  do_lower_case: true,
  strip_accents: null,
  tokenize_chinese_chars: true,
  model_max_length: 16,
  truncation_side: "right",
  padding_side: "right",
  cls_token: "[CLS]",
  sep_token: { content: "[SEP]", lstrip: false, rstrip: false, normalized: false, single_word: false },
  mask_token: "[MASK]",
  additional_special_tokens: ["[NEW]"],
  added_tokens_decoder: {
    "3": { content: "[SEP]", special: true, lstrip: false, rstrip: false, normalized: false, single_word: false },
  },
};

/** Each layout that came before tokenizer.json, complete, with the names of the files that are mutated. */
function layouts(): readonly (readonly [files: Map<string, Uint8Array>, names: readonly string[]])[] {
  const config = (model_type: string) => ["config.json", jsonBytes({ model_type })] as const;
  const settings = (tokenizer_class: string, more: object = {}) =>
    ["tokenizer_config.json", jsonBytes({ ...SETTINGS, ...more, tokenizer_class })] as const;
  const pieces = pieceFile();
  const marian = jsonBytes({ "</s>": 0, "<unk>": 1, "▁the": 2, "▁": 3, t: 4, h: 5, e: 6, "<pad>": 7 });
  const vocabulary = encode(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "low", "##est", "new"].join("\n"));
  const tokens = jsonBytes({ cls_token: "[CLS]", mask_token: { content: "[MASK]", lstrip: true } });
  const bert = new Map([
    config("bert"),
    settings("BertTokenizer"),
    ["vocab.txt", vocabulary] as const,
    ["special_tokens_map.json", tokens] as const,
    ["added_tokens.json", jsonBytes({ "[NEW]": 9, "[MORE]": 10 })] as const,
  ]);
  const names = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>", sep_token: "</s>", pad_token: "<pad>" };
  const roberta = new Map([
    config("roberta"),
    settings("RobertaTokenizer", { ...names, cls_token: "<s>", mask_token: "<mask>" }),
    ...mergesFiles(),
    ["special_tokens_map.json", jsonBytes(names)] as const,
  ]);
  const pair = new Map([
    config("marian"),
    ["tokenizer_config.json", jsonBytes({ source_lang: "en", target_lang: "de", separate_vocabs: false })] as const,
    ["source.spm", pieces] as const,
    ["target.spm", pieces] as const,
    ["vocab.json", marian] as const,
  ]);
  const sentencePiece = ["XLMRoberta", "Albert", "T5", "MBart", "Camembert", "DebertaV2"].map((kind) => {
    const file =
      kind === "Albert" || kind === "T5" || kind === "DebertaV2" ? "spiece.model" : "sentencepiece.bpe.model";
    const name = kind === "DebertaV2" ? "spm.model" : file;
    return [
      new Map([
        settings(`${kind}Tokenizer`, { ...names, cls_token: "<s>", mask_token: "<mask>" }),
        [name, pieces] as const,
      ]),
      ["tokenizer_config.json", name],
    ] as const;
  });
  return [
    [bert, [...bert.keys()].filter((name) => name !== "config.json")],
    [roberta, [...roberta.keys()]],
    [pair, [...pair.keys()]],
    ...sentencePiece,
  ];
}

/** The invariants of a tokenizer on any text: ids of the vocabulary, offsets within the text, and a decoded text. */
function tryText(tokenizer: Tokenizer, text: string, pair: string | undefined): void {
  const { ids, offsets, sequences } = tokenizer.encode(text, pair);
  for (const [i, id] of ids.entries()) {
    if (tokenizer.token(id) === undefined) throw new Error(`the id ${id} is not in the vocabulary`);
    const most = sequences[i] === 1 ? (pair ?? "").length : text.length;
    const [begin, end] = [offsets[2 * i]!, offsets[2 * i + 1]!];
    if (!(begin >= 0 && begin <= end && end <= most))
      throw new Error(`offsets ${begin} to ${end} of ${most} characters`);
  }
  if (typeof tokenizer.decode(ids) !== "string") throw new Error("decoded to no text");
  const stream = new DecodeStream(tokenizer);
  for (const id of ids.subarray(0, 100)) stream.push(id);
  stream.end();
}

const hostileId = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 320 }) },
  fc.constantFrom<unknown>(
    2 ** 31,
    2 ** 32,
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    "1",
    null,
    undefined,
    [],
    {},
    1n,
  ),
);

export const TOKENIZER_TARGETS: Readonly<Record<string, Target>> = {
  "tokenizer-json": async () => {
    const jsons = Object.values(tokenizers).map((make) => jsonOf(make()));
    return fc
      .oneof(...jsons.map(mutantJson))
      .map((bytes) =>
        fileMutant("tokenizer.json", bytes, async () =>
          tryTokenizer(await loadTokenizer(memoryFiles([["tokenizer.json", bytes]]))),
        ),
      );
  },
  "tokenizer-settings": async () => {
    const { files } = await savedFolder("bert", "feature-extraction");
    const all = new Map([
      ...files,
      ["tokenizer_config.json", jsonBytes(SETTINGS)] as const,
      ["special_tokens_map.json", jsonBytes({ cls_token: "[CLS]", mask_token: { content: "[MASK]" } })] as const,
      ["added_tokens.json", jsonBytes({ "[NEW]": 60, "[MORE]": 61 })] as const,
    ]);
    return folderMutants(all, ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"], loadAndTry);
  },
  "tokenizer-layouts": async () =>
    fc.oneof(...layouts().map(([files, names]) => folderMutants(files, names, loadAndTry))),
  "vocabulary-merges": async () => {
    const files = mergesFiles();
    return folderMutants(files, [...files.keys()], async ({ files: now }) => {
      const text = (name: string) => new TextDecoder().decode(now.get(name));
      tryTokenizer(readMerges(text("vocab.json"), text("merges.txt")));
    });
  },
  "vocabulary-text": async () => {
    const files = new Map([["vocab.txt", encode("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nlow\n##est\n")]]);
    return folderMutants(files, ["vocab.txt"], ({ files: now }) =>
      tryTokenizer(readVocabulary(new TextDecoder().decode(now.get("vocab.txt")))),
    );
  },
  sentencepiece: async () =>
    mutantBytes(pieceFile()).map((bytes) =>
      fileMutant("spiece.model", bytes, () => tryTokenizer(readSentencePiece(bytes, { family: "albert" }))),
    ),
  marian: async () => {
    const [files] = layouts()[2]!;
    return folderMutants(files, ["source.spm", "vocab.json"], ({ files: now }) => {
      const vocabulary = new TextDecoder().decode(now.get("vocab.json"));
      tryTokenizer(readMarian(now.get("source.spm")!, vocabulary), false);
    });
  },
  "hostile-text": async () => {
    const all = Object.values(tokenizers).map((make) => make());
    return fc
      .record({
        which: fc.nat(all.length - 1),
        text: hostileText,
        pair: fc.option(hostileText, { nil: undefined, freq: 3 }),
      })
      .map(({ which, text, pair }) =>
        callMutant(
          "encode",
          () => JSON.stringify({ which, text, pair }),
          () => tryText(all[which]!, text, pair),
          2 * (text.length + (pair?.length ?? 0)),
        ),
      );
  },
  "hostile-ids": async () => {
    const all = Object.values(tokenizers).map((make) => make());
    return fc
      .record({
        which: fc.nat(all.length - 1),
        ids: fc.oneof(fc.array(hostileId, { maxLength: 8 }), hostileId),
        stream: fc.boolean(),
      })
      .map(({ which, ids, stream }) =>
        callMutant(
          "decode",
          () => `${which} ${stream} ${String(ids)}`,
          () => {
            const tokenizer = all[which]!;
            if (!stream) return tokenizer.decode(ids as number[]);
            const decoder = new DecodeStream(tokenizer);
            for (const id of Array.isArray(ids) ? ids : [ids]) decoder.push(id as number);
            return decoder.end();
          },
        ),
      );
  },
};
