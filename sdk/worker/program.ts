/** The program of the package's own workers, bundled into one script without imports (build/model-worker.js). */
import { serveModels } from "./serve.js";

void serveModels();
