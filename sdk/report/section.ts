/** The data of a report: plain JSON, written by any runtime and drawn by the page in a browser. */

/** One section: a title and text, a table or a plot. */
export type Section =
  | { readonly kind: "text"; readonly title: string; readonly paragraphs: readonly string[] }
  | {
      readonly kind: "table";
      readonly title: string;
      readonly note?: string;
      readonly header: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | {
      readonly kind: "lines";
      readonly title: string;
      readonly note?: string;
      readonly x: string;
      readonly y: string;
      readonly points: readonly { readonly series: string; readonly x: number; readonly y: number }[];
      /** horizontal reference lines */
      readonly levels?: readonly { readonly label: string; readonly y: number }[];
    }
  | {
      readonly kind: "heat";
      readonly title: string;
      readonly note?: string;
      readonly rows: readonly string[];
      readonly columns: readonly string[];
      /** values[row][column] */
      readonly values: readonly (readonly number[])[];
    }
  | {
      readonly kind: "scatter";
      readonly title: string;
      readonly note?: string;
      readonly points: readonly {
        readonly x: number;
        readonly y: number;
        readonly label: string;
        readonly group: string;
      }[];
    };

/** A report: a title, one sentence of summary, and its sections. */
export interface Report {
  readonly title: string;
  readonly summary: string;
  readonly sections: readonly Section[];
}
