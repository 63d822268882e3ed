/** Reports of a run as one HTML file: loss curves, similarity heat maps, 2-D embedding plots, attention maps. */
export { cosine } from "../heads/similarity.js";
export { principalComponents } from "./projection.js";
export { type Report, renderReport, type Section } from "./report.js";
