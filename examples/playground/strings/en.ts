/** The texts of the page in English. */

const number = (value: number): string => value.toLocaleString("en");

export const en = {
  number,
  app: {
    title: "Cloze playground",
    chapters: "Chapters",
    language: "Language",
    theme: "Colours",
    themes: { auto: "as the system", light: "light", dark: "dark" },
    skip: "Skip to the chapter",
    loading: "loading …",
    offline: "Everything is computed in this tab. It works without a network once loaded.",
    running: (step: number, steps: number) => `training: ${number(step)} of ${number(steps)} steps`,
  },
  texts: {
    english: "English, built in",
    german: "German, built in",
    spanish: "Spanish, built in",
    french: "French, built in",
    chinese: "Chinese, built in",
    own: "your own",
  },
  learn: {
    title: "Watch it learn",
    short: "Watch it learn",
    lead: "A transformer starts from random numbers and learns in this tab, in a worker, from plain text. Pause it, close the tab, come back: it continues with the same bits.",
    objective: "Objective",
    objectives: {
      "masked-lm": "masked words (BERT)",
      "masked-lm+next-sentence-prediction": "masked words and next sentence (BERT)",
      "whole-word-masked-lm": "whole words masked (BERT)",
      "ngram-masked-lm+sentence-order-prediction": "n-grams and sentence order (ALBERT)",
      "span-masked-lm": "spans masked (SpanBERT)",
      "causal-lm": "the next word (GPT)",
      mass: "half a sentence restored (MASS)",
      bart: "corrupted text restored (BART)",
      t5: "missing spans written (T5)",
    },
    text: "Text",
    own: "Your text",
    ownHint: "A sentence per line, a blank line between documents. From 20 documents on, one in twenty is held out.",
    sizes: {
      title: "Sizes",
      layers: "Layers",
      width: "Width",
      heads: "Attention heads",
      length: "Longest sequence, tokens",
      vocabulary: "Vocabulary, pieces",
      batchSize: "Sequences per batch",
      steps: "Steps",
      learningRate: "Peak learning rate",
      seed: "Seed",
    },
    start: "Train",
    pause: "Pause",
    resume: "Continue",
    drop: "Discard this run",
    progress: "Steps taken",
    phases: {
      idle: () => "",
      vocabulary: () => "learning the vocabulary …",
      model: () => "preparing the text …",
      training: (step: number, steps: number) => `step ${number(step)} of ${number(steps)}`,
      pausing: () => "pausing …",
      paused: (step: number, steps: number) =>
        `paused at step ${number(step)} of ${number(steps)}; kept in this browser`,
      complete: (step: number) => `complete after ${number(step)} steps; the model is on the shelf`,
    },
    facts: {
      step: "step",
      loss: "training loss",
      heldOut: "held-out loss",
      speed: "tokens / s",
      memory: "memory",
      parameters: "parameters",
      kept: "last checkpoint",
    },
    axes: {
      step: "step",
      loss: "loss (nats)",
      training: "training, running mean",
      heldOut: "held-out text",
      frequency: "knows only how frequent words are",
      previous: (name: string) => `the run before (${name})`,
      alt: (training: number, heldOut: number) =>
        `Loss by step. Training loss ${training.toFixed(2)}, held-out loss ${heldOut.toFixed(2)} nats.`,
    },
    samples: { title: "What it says meanwhile", at: (step: string) => `after ${step} steps` },
    proof: {
      title: "The same bits elsewhere",
      lead: "This is the SHA-256 of all weights. The command below learns the same ones on any machine, and writes the hash to my-model/run_manifest.json as saved.",
      download: "Download the text",
      paste: "Hash of the command line",
      same: "The same: both runs learned the same weights, bit for bit.",
      differs: "Another hash. Were the text, the options and the version the same?",
    },
  },
};

/** What every language has to say. */
export type Strings = typeof en;
