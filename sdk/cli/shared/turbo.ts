/**
 * Turbo on the command line. It is on by default where Node supports it, since the process belongs to the command; but
 * V8's re-vectorizer is experimental, so a small model is trained first, and turbo is kept only if the bits are right.
 */
import { createHash } from "node:crypto";
import { adamW, type Build, Engine, freshModel, supportsTurbo } from "cloze";
import { collate, type Sample } from "cloze/data";
import { backward, clipScale, crossEntropy, gradientNorm, Scope } from "cloze/tensor";

/** A network whose every kernel is compiled by V8's second compiler within {@link STEPS}. */
const CONFIG = {
  model_type: "bert",
  vocab_size: 64,
  hidden_size: 48,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 96,
  max_position_embeddings: 64,
};
const TOKENS = 37;
const STEPS = 30;

const STRICT = "7541ddc1118a60b4";
/** With fused multiply-add. */
const FUSED = "5eb53bed45dc5e4e";

/** Hashes of the losses, by build. The relaxed build has the bits of the strict one where nothing is fused. */
export const EXPECTED: Readonly<Record<Build, readonly string[]>> = { strict: [STRICT], relaxed: [FUSED, STRICT] };

/** The hash of the losses of a small training run: forward, backward, dropout, clipping and AdamW. */
export function lossesHash(engine: Engine): string {
  using loaded = freshModel(engine, CONFIG, "masked-lm", 1);
  const { model, weights } = loaded;
  using optimizer = adamW(weights, { weightDecay: 0.01 });
  const ids = Int32Array.from({ length: TOKENS }, (_, i) => (i * 11) % CONFIG.vocab_size);
  const none = new Uint8Array(TOKENS);
  const sample: Sample = { ids, segments: none, special: none, words: new Int32Array(TOKENS), labels: {} };
  const batch = collate([sample]);
  const places = ids.map((_, i) => i);
  const hash = createHash("sha256");
  for (let step = 0; step < STEPS; step++) {
    using _ = new Scope();
    backward(
      () => {
        const loss = crossEntropy(model.tokenScores(model.encode(batch), places), ids);
        hash.update(new Uint8Array(Float64Array.of(loss.item()).buffer));
        return loss;
      },
      { seed: 1, step },
    );
    optimizer.step(1e-3, clipScale(gradientNorm(optimizer), 1));
  }
  return hash.digest("hex").slice(0, 16);
}

export type EngineSettings = NonNullable<Parameters<typeof Engine.create>[0]>;

/**
 * An engine with turbo, where it may be.
 *
 * @param turbo true requires it, false is without; undefined: where the runtime has it
 * @throws {Error} when turbo changes bits here
 */
export async function createEngine(settings: EngineSettings, turbo: boolean | undefined): Promise<Engine> {
  if (!(turbo ?? supportsTurbo())) return Engine.create(settings);
  const engine = await Engine.create({ ...settings, turbo: true });
  if (EXPECTED[engine.build].includes(lossesHash(engine))) return engine;
  engine.dispose();
  throw new Error("V8's re-vectorizer changes results on this machine; run the command with --no-turbo");
}
