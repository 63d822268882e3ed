/** The table of CLAIMS.md that repeats the comparison with three seeds and more data. */
import type { Section } from "cloze/report";

/** Where the table is not, the report says so by name. */
export function seedsSection(): Section {
  return {
    kind: "text",
    title: "With three seeds",
    paragraphs: [
      "One run with one seed is an illustration. The same comparison with three seeds and all labelled examples belongs to CLAIMS.md; this copy of the project has no such table yet. npm run claims makes it.",
    ],
  };
}
