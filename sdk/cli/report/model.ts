/** A run's model applied to texts: its attention, its guesses for masks, and texts of known groups on a plane. */
import { describeFolder, type Engine, loadAdapted, loadModel, loadTokenizer, type Pretrained } from "cloze";
import { collate, readTextRows, sampleOf } from "cloze/data";
import { fillMasks } from "cloze/metrics";
import { folder } from "cloze/node";
import { attentionSection, planeSection, type Section } from "cloze/report";
import { embedTexts, Scope, type Tensor } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import { fileSource } from "../shared/input.js";
import type { RunManifest } from "../shared/run-manifest.js";
import { UsageError } from "../shared/usage.js";
import { adapterBase } from "./adapter-base.js";

/** Texts to show where none is given. */
export const TEXTS = ["The old man gave his dog a piece of bread.", "She drank a cup of [MASK]."];

/** Guesses for each mask. */
const GUESSES = 5;
/** Characters of a text beside its dot; all of it is shown on hover. */
const LABEL = 24;

export interface ModelSectionOptions {
  readonly texts: readonly string[];
  /** texts with labels, to be placed on a plane */
  readonly groups?: string;
  /** of an adapter: its model, if the option names one */
  readonly base?: string;
  /** null for a folder that no command wrote */
  readonly manifest: RunManifest | null;
}

interface Opened {
  readonly loaded: Pretrained;
  readonly tokenizer: Tokenizer;
  readonly length: number;
}

function attentionOf({ loaded, tokenizer, length }: Opened, text: string): Section {
  const encoding = tokenizer.encode(text, undefined, { truncate: { length } });
  const tokens = Array.from(encoding.ids, (id) => tokenizer.token(id) ?? String(id));
  using _ = new Scope();
  const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
  loaded.model.encode(collate([sampleOf(encoding)]), trace);
  if (trace.attentions.length === 0)
    return {
      kind: "text",
      title: "Attention",
      paragraphs: ["Models of this family do not report their attention."],
    };
  return attentionSection(
    `Attention in “${text}”`,
    tokens,
    trace.attentions.map(({ data }) => data),
  );
}

function masksOf({ loaded, tokenizer, length }: Opened, texts: readonly string[]): Section[] {
  if (texts.length === 0) return [];
  const model = loaded.model as Parameters<typeof fillMasks>[0];
  const filled = fillMasks(model, tokenizer, texts, length, { topK: GUESSES });
  const items = filled.flatMap((masks, i) =>
    masks.map((guesses, m) => ({
      text: masks.length > 1 ? `${texts[i]} (mask ${m + 1})` : texts[i]!,
      results: guesses.map(({ token_str, score }) => ({ text: token_str, score })),
    })),
  );
  return [{ kind: "ranked", title: "Filled masks", unit: "percent", items }];
}

async function planeOf({ loaded, tokenizer, length }: Opened, file: string): Promise<Section> {
  const rows: { text: string; label: string }[] = [];
  for await (const { text, label, line } of readTextRows(fileSource(file))) {
    if (label === undefined) throw new UsageError(`${file}, line ${line}: expected a text and a label`);
    rows.push({ text, label });
  }
  if (rows.length < 3) throw new UsageError(`${file}: a plane needs at least three texts, got ${rows.length}`);
  const texts = rows.map(({ text }) => text);
  const vectors = embedTexts(loaded.model, tokenizer, texts, { mode: "mean", normalize: true }, length);
  return planeSection(
    `Texts of ${file} on a plane`,
    rows.map(({ text, label }, i) => ({
      label: text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text,
      group: label,
      vector: vectors[i]!,
      ...(text.length > LABEL && { detail: text }),
    })),
    "Mean of the last hidden states of each text, on their first two principal components.",
  );
}

/** Sections that are computed with the run's model; for an adapter, with the model that it adapts. */
export async function modelSections(engine: Engine, path: string, options: ModelSectionOptions): Promise<Section[]> {
  const files = folder(path);
  const { adapter, task, tokenizerSize } = await describeFolder(files);
  if (task === null) return [];
  if (!adapter) {
    using loaded = await loadModel(engine, files);
    return await sectionsOf(loaded, await loadTokenizer(files), options);
  }
  const base = await adapterBase(adapter, options.base, options.manifest);
  if ("missing" in base) return [{ kind: "text", title: "Attention", paragraphs: [base.missing] }];
  using loaded = await loadAdapted(engine, folder(base.path), files);
  return await sectionsOf(loaded, await loadTokenizer(tokenizerSize === null ? folder(base.path) : files), options);
}

async function sectionsOf(
  loaded: Pretrained,
  tokenizer: Tokenizer,
  { texts, groups }: ModelSectionOptions,
): Promise<Section[]> {
  const { task } = loaded;
  const opened: Opened = { loaded, tokenizer, length: loaded.model.maxLength };
  const mask = tokenizer.special.mask === undefined ? undefined : tokenizer.token(tokenizer.special.mask);
  const written = texts.map((text) => (mask === undefined ? text : text.replaceAll("[MASK]", mask)));
  const isMasked = (text: string): boolean => mask !== undefined && text.includes(mask);
  const fills = task === "masked-lm" || task === "pretraining";
  return [
    ...(fills ? masksOf(opened, written.filter(isMasked)) : []),
    ...(groups === undefined ? [] : [await planeOf(opened, groups)]),
    ...written.filter((text) => !isMasked(text)).map((text) => attentionOf(opened, text)),
  ];
}
