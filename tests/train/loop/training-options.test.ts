/** Options of training, optimizers and engines: unknown options and values of another type are refused by name. */
import { suite } from "uvu";
import { Engine } from "../../../sdk/engine/engine.js";
import { adamW, finetune, lamb, maskedLm, single, train } from "../../../sdk/index.js";
import { refused } from "../../helpers/refused.js";
import { samples, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("options of training");
const engine = await Engine.create();
const { model, weights } = await smallBert(engine, "masked-lm");
const optimizer = adamW(weights);
const good = {
  engine,
  model,
  objective: single(maskedLm({ tokenizer })),
  samples: () => samples(),
  optimizer,
  learningRate: 1e-3,
  batchSize: 2,
  seed: 1,
  steps: 1,
};

/** Options with one of another type, and the message. */
type Wrong = readonly (readonly [options: object, message: RegExp])[];

test("train", async () => {
  for await (const _ of train(good));
  const wrong: Wrong = [
    [{ rate: 1e-3 }, /train: unknown option "rate": the learning rate is learningRate/],
    [{ rows: 4 }, /unknown option "rows": the number of sequences in a batch is batchSize/],
    [{ batch_size: 4 }, /unknown option "batch_size"; did you mean "batchSize"\?/],
    [{ weightDecay: 0.1 }, /weight decay is an option of the optimizer/],
    [{ batchSize: 0 }, /batchSize must be a whole number of at least 1, got 0/],
    [{ batchSize: 1.5 }, /batchSize must be .*, got 1.5/],
    [{ learningRate: Number.NaN }, /learningRate must be a finite number, or a function, got NaN/],
    [{ maxGradNorm: -1 }, /maxGradNorm must be a number from 0 to Infinity, got -1/],
    [{ epochs: 0 }, /epochs must be a whole number of at least 1, got 0/],
    [{ samples: samples() }, /samples must be a function, got an array/],
    [{ optimizer: weights }, /optimizer must be an optimizer, such as adamW\(weights\)/],
    [{ objective: maskedLm({ tokenizer }) }, /objective must be an objective, such as single\(maskedLm/],
    [{ engine: {} }, /engine must be an Engine/],
  ];
  for (const [options, message] of wrong)
    await refused(() => train({ ...good, ...options } as typeof good).next(), message);
});

test("finetune", async () => {
  const wrong: Wrong = [
    [{ rate: 1e-3 }, /finetune: unknown option "rate": the learning rate is learningRate/],
    [{ train: [] }, /train must be an array .* at least 1/],
    [{ patience: 0 }, /patience must be a whole number of at least 1, got 0/],
    [{ loaded: "model" }, /loaded must be a model, such as loadModel/],
  ];
  for (const [options, message] of wrong) await refused(() => finetune(options as never).next(), message);
});

test("optimizers", async () => {
  const wrong: Wrong = [
    [{ lr: 1e-3 }, /unknown option "lr": the learning rate is an option of the training loop/],
    [{ betas: [0.9, 0.99] }, /the betas are beta1 and beta2/],
    [{ weight_decay: 0.1 }, /did you mean "weightDecay"\?/],
    [{ beta1: 2 }, /beta1 must be a number from 0 to 1, got 2/],
    [{ weightDecay: "0.1" }, /weightDecay must be a number/],
  ];
  for (const [options, message] of wrong)
    for (const make of [adamW, lamb]) await refused(() => make(weights, options), message);
  await refused(() => lamb(weights, { biasCorrection: true } as never), /lamb: unknown option "biasCorrection"/);
});

test("Engine.create", async () => {
  const wrong: Wrong = [
    [{ cores: 2 }, /Engine.create: unknown option "cores"; its options are build, module, maximumBytes, threads/],
    [{ threads: 0 }, /threads must be a whole number of at least 1, got 0/],
    [{ turbo: "yes" }, /turbo must be true or false, got "yes"/],
    [{ build: "fast" }, /build must be one of "strict", "relaxed", "auto", got "fast"/],
    [{ module: 8 }, /module must be a WebAssembly\.Module, or the address or the bytes of .*, got 8/],
  ];
  for (const [options, message] of wrong) await refused(() => Engine.create(options), message);
});

test.run();
