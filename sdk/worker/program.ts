/**
 * The program of the package's own workers, bundled into one script without imports (build/model-worker.js). Its kernels are
 * those of the thread that started it, so that the package has them once.
 */
import { type Build, borrowKernels } from "../engine/source.js";
import { serve } from "./serve.js";

const channel = serve();
borrowKernels(async (build: Build) => (await (await channel).call("kernels", [build])) as string);
