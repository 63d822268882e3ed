/** The style sheet of a report: light and dark, wide and narrow. */

/**
 * Colors. The contrast with the background is at least 4.5 for text and 3 for series. The eight series differ in lightness
 * too; groups and held-out curves also have shapes.
 */
const COLORS = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --line: #dfe3e8; --empty: #eef0f3; --text: #1b2230; --muted: #566072; --accent: #1f5fbf;
  --above: #1f5fbf; --below: #c2410c; --mark: #fff0b8; --good: #17703a;
  --series-1: #1f5fbf; --series-2: #c2410c; --series-3: #17803d; --series-4: #8a3fb8;
  --series-5: #a16207; --series-6: #0e7490; --series-7: #be185d; --series-8: #475569;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1a2029; --line: #313a47; --empty: #232b36; --text: #e6eaf0; --muted: #a3aebd; --accent: #7db3ff;
    --above: #6aa8ff; --below: #ff9a5c; --mark: #5a4a10; --good: #6bd08f;
    --series-1: #6aa8ff; --series-2: #ff9a5c; --series-3: #5fd08a; --series-4: #cf9bf5;
    --series-5: #e0b84a; --series-6: #4fc9dd; --series-7: #f58ab5; --series-8: #aab6c6;
  }
}`;

const TEXT = `
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 0; }
main { max-width: 920px; margin: 0 auto; padding: 32px 20px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; } h2 { font-size: 19px; margin: 0 0 12px; }
h3 { font-size: 16px; margin: 20px 0 4px; } h3 small { font-weight: 400; color: var(--muted); font-size: 14px; }
p { margin: 0 0 10px; overflow-wrap: anywhere; }
a { color: var(--accent); }
code { font: 13.5px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; margin: 20px 0; }
.note, .summary { color: var(--muted); } .note { font-size: 14px; margin: 10px 0 0; } .note:empty { display: none; }
.verdict { margin: 2px 0 0; }
nav ul { list-style: none; padding: 0; margin: 16px 0 0; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px; }
section.finding { border-left: 5px solid var(--accent); }
.statement { font-size: 21px; line-height: 1.4; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
mark { background: var(--mark); color: inherit; border-radius: 3px; padding: 0 2px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;

const PLOTS = `
figure { margin: 0 0 8px; } figure svg { display: block; max-width: 100%; overflow: visible; background: none; }
figure svg[class^="plot-"] { --plot-background: var(--card); color: var(--text); }
.said { font-size: 14px; color: var(--muted); margin: 0; min-height: 0; white-space: pre-line; } .said:empty { display: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin: 0 0 6px; font-size: 14px; }
.legend svg { vertical-align: -2px; margin-right: 5px; }
.scale { display: flex; gap: 8px; align-items: center; font-size: 13px; color: var(--muted); margin: 0 0 4px; }
.scale span { width: 120px; height: 10px; border: 1px solid var(--line); border-radius: 3px; }
.scale .one { background: linear-gradient(90deg, var(--empty), var(--above)); }
.scale .both { background: linear-gradient(90deg, var(--below), var(--empty), var(--above)); }
.names { font-size: 14px; color: var(--muted); margin: 6px 0; padding-left: 26px; }
.choice { display: flex; gap: 22px; } select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--muted); border-radius: 6px; padding: 5px 8px; min-height: 34px; }
.heads { display: grid; gap: 6px; max-width: 560px; margin: 12px 0; }
.heads button { padding: 2px; border: 1px solid var(--line); border-radius: 4px; background: var(--empty); cursor: pointer; min-width: 0; }
.heads button.chosen { border-color: var(--accent); outline: 2px solid var(--accent); } .heads svg { display: block; width: 100%; fill: var(--above); }
`;

const TABLES = `
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; overflow-wrap: anywhere; }
thead th { font-weight: 600; color: var(--muted); font-size: 14px; }
.number { text-align: right; }
details { margin-top: 10px; font-size: 14px; } summary { cursor: pointer; color: var(--muted); padding: 3px 0; }
.scroll { max-height: 340px; overflow: auto; }
.results { list-style: none; padding: 0; margin: 0; max-width: 560px; }
.results li { position: relative; display: flex; gap: 12px; padding: 3px 8px; margin: 3px 0; border-radius: 4px; overflow: hidden; }
.results .bar { position: absolute; inset: 0 auto 0 0; background: var(--above); opacity: 0.22; }
.results .right .bar { background: var(--good); opacity: 0.3; }
.results .right { font-weight: 600; }
.said-text { position: relative; flex: 1; overflow-wrap: anywhere; } .score { position: relative; font-variant-numeric: tabular-nums; }
`;

const NARROW = `
@media (max-width: 600px) {
  main { padding: 20px 10px 60px; } section { padding: 14px 12px; border-radius: 8px; }
  h1 { font-size: 24px; } .statement { font-size: 18px; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; }
  section > table, section > div > table { display: block; }
  section > table thead, section > div > table thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  section > table tbody, section > table tr, section > div > table tbody, section > div > table tr { display: block; }
  section > table tr, section > div > table tr { border: 1px solid var(--line); border-radius: 8px; margin: 8px 0; padding: 4px 10px; }
  section > table :is(th, td), section > div > table :is(th, td) { display: flex; justify-content: space-between; gap: 14px; text-align: right; padding: 5px 0; }
  section > table tr > :last-child, section > div > table tr > :last-child { border-bottom: 0; }
  section > table tbody :is(th, td)::before, section > div > table tbody :is(th, td)::before {
    content: attr(data-label); color: var(--muted); text-align: left; flex: none; max-width: 45%;
  }
  section > table tbody th, section > div > table tbody th { font-weight: 600; }
}
@media print { section { break-inside: avoid; } }
`;

export const STYLE = /* @__PURE__ */ [COLORS, TEXT, PLOTS, TABLES, NARROW].join("");
