import { type Content, html } from "../../html.js";
import { renderTrialsSvg, type TrialPoint } from "./svg.js";

/** A table with a heading, as text. */
export interface TrialsTable {
  readonly title: string;
  /** What a reader has to know to read it. */
  readonly remark: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a page of a sweep shows. */
export interface TrialsPageOptions {
  readonly title: string;
  /** Sentences under the title. */
  readonly summary: readonly string[];
  readonly tables: readonly TrialsTable[];
  readonly trials: readonly TrialPoint[];
}

const style = `
:root{color-scheme:light dark;--ink:#1b2226;--soft:#55606a;--line:#dde2e1;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaea;--soft:#a3aeb5;--line:#343c43;--paper:#14181c}}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:60rem;color:var(--ink);background:var(--paper);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif}
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2rem 0 .3rem}p{margin:.3rem 0}.soft{color:var(--soft)}
figure{margin:1.5rem 0;overflow-x:auto}figure svg{max-width:100%;height:auto;min-width:40rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .8rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}
td.command{font-family:ui-monospace,"Cascadia Mono","DejaVu Sans Mono",monospace;font-size:.85rem}
`;

/** A sweep as one HTML file, which needs nothing else: pictures and tables, light or dark as the reader's system is. */
export function renderTrialsPage({ title, summary, tables, trials }: TrialsPageOptions): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="generator" content="unravel"><meta http-equiv="Content-Security-Policy" content="default-src 'none';style-src 'unsafe-inline'"><title>${title}</title><style>${style}</style></head>
<body><main><h1>${title}</h1>${summary.map((line) => html`<p>${line}</p>`)}
${trials.length > 0 && html`<figure tabindex="0" role="group" aria-label="What the options did">${{ html: renderTrialsSvg(trials) }}</figure>`}
${tables.map(table)}</main></body></html>
`.html;
}

function table({ title, remark, head, rows }: TrialsTable): Content {
  return html`<section><h2>${title}</h2><p class="soft">${remark}</p><div class="wide" tabindex="0" role="region" aria-label="${title}"><table><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td${cell.startsWith("unravel ") && { html: ' class="command"' }}>${cell}</td>`)}</tr>`)}</tbody></table></div></section>`;
}
