/** Reports as one HTML file: text, tables, line charts, heat maps and scatter plots. */
export { cosine } from "../heads/similarity.js";
export { principalComponents } from "./projection.js";
export { type Report, renderReport, type Section } from "./report.js";
