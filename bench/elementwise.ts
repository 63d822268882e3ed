/** Kernels bound by memory or by functions such as exp, at the sizes of BERT-mini's training step. */
import { Engine } from "../sdk/engine/engine.js";
import type { Build } from "../sdk/engine/source.js";
import { ACTIVATIONS } from "../sdk/tensor/ops/activation.js";
import { numbers } from "./kernels.js";
import type { Subject } from "./measure.js";

/** 32 rows of 64 tokens; hidden and feed-forward width; 15 % of the tokens; the vocabulary. */
const [TOKENS, WIDTH, INNER, MASKED, VOCABULARY] = [2048, 256, 1024, 320, 8192] as const;

/** Compare each with `addition`, which is bound by memory: two reads and one write, 12 bytes per element. */
export async function elementwiseSubjects(build: Build): Promise<Subject[]> {
  const engine = await Engine.create({ build });
  const { kernels } = engine;
  const make = (elements: number) => numbers(engine, elements);
  const hidden = TOKENS * WIDTH;
  const [x, y, z] = [make(hidden), make(hidden), make(hidden)];
  const [wide, wideOut, slope] = [make(TOKENS * INNER), make(TOKENS * INNER), make(TOKENS * INNER)];
  const [gamma, beta, dgamma, dbeta] = [make(WIDTH), make(WIDTH), make(WIDTH), make(WIDTH)];
  const [mean, rstd, scratch] = [make(TOKENS), make(TOKENS), engine.alloc(128)];
  const [scores, dscores] = [make(MASKED * VOCABULARY), make(MASKED * VOCABULARY)];
  const [losses, kept, labels] = [make(MASKED), make(2 * MASKED), engine.alloc(4 * MASKED)];
  new Int32Array(engine.memory.buffer, labels, MASKED).fill(7);
  const [w, g, m, v] = [make(hidden), make(hidden), make(hidden), make(hidden)];
  new Float32Array(engine.memory.buffer, v, hidden).fill(0.01);

  const runs: Record<string, () => void> = {
    addition: () => kernels.add(z, x, y, 0, hidden),
    "layer norm": () => kernels.layerNorm(y, mean, rstd, x, gamma, beta, WIDTH, 1e-12, 0, TOKENS),
    "layer norm, gradient of its input": () =>
      kernels.layerNormBackwardInput(z, y, x, gamma, mean, rstd, WIDTH, 0, 0, TOKENS),
    "layer norm, gradients of its parameters": () =>
      kernels.normBackwardParameters(dgamma, dbeta, y, x, mean, rstd, TOKENS, WIDTH, 0, WIDTH),
    dropout: () => kernels.dropout(z, x, 6554, 1.1, 1, 2, 3, 0, scratch, 0, hidden),
    AdamW: () => kernels.adamW(w, g, m, v, 1, 1e-6, 0.1, 0.999, 0.001, 1e-6, 1, 1e-8, 0, hidden),
    GELU: () => kernels.activate(wideOut, wide, ACTIVATIONS.gelu, 0, TOKENS * INNER),
    "GELU and its slope": () => kernels.activateForTraining(wideOut, slope, wide, ACTIVATIONS.gelu, 0, TOKENS * INNER),
    "cross-entropy": () => kernels.crossEntropy(losses, kept, scores, labels, VOCABULARY, 1, 0, 0, MASKED),
    "cross-entropy, gradient": () =>
      kernels.crossEntropyBackward(dscores, kept, scores, labels, VOCABULARY, 1, 0, 0.01, 0, 0, MASKED),
  };
  const sizes: Record<string, string> = {
    GELU: `${TOKENS} x ${INNER}`,
    "GELU and its slope": `${TOKENS} x ${INNER}`,
    "cross-entropy": `${MASKED} x ${VOCABULARY}`,
    "cross-entropy, gradient": `${MASKED} x ${VOCABULARY}`,
  };
  return Object.entries(runs).map(([name, run]) => ({ name: `${name} ${sizes[name] ?? `${TOKENS} x ${WIDTH}`}`, run }));
}
