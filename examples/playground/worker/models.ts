/** A worker that serves the pipelines of `cloze` to the page. */
import { serveModels } from "cloze/worker";

await serveModels();
