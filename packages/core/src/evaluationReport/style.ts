import { style as reportStyle } from "../explain/report/style.js";

/* The look of an evaluation: that of a report, and what only an evaluation has. */

const figures = `
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:20px 24px;margin:8px 0 24px}
.figures>div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.figures dt{font-size:.86rem;line-height:1.35;color:var(--soft)}
.figures dd{margin:0;font-size:1.7rem;line-height:1.25;font-weight:600;letter-spacing:-.015em}
.figures .main dd{color:var(--forward)}
section.topic{padding:36px 0 16px;border-top:1px solid var(--line);scroll-margin-top:8px}
section.topic:first-child{border-top:0;padding-top:0}
`;

const confusion = `
table.confusion{border-collapse:separate;border-spacing:2px;font-size:.84rem;line-height:1.2;margin:12px 0 8px}
table.confusion td{padding:7px 6px;min-width:34px;text-align:right;border-radius:3px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
table.confusion td.right{background:rgb(var(--seq)/calc(var(--s)*.55));font-weight:600}
table.confusion td.wrong{background:rgb(var(--pos)/calc(var(--s)*.75))}
table.confusion td.zero{color:var(--soft)}
table.confusion th{font-weight:400;min-width:5rem;text-align:left;padding:4px 10px 4px 0;max-width:11rem;overflow-wrap:break-word}
table.confusion thead th{min-width:0;text-align:right;vertical-align:bottom;padding:4px 6px;max-width:6.5rem}
table.confusion td.share{color:var(--soft);padding-left:12px}
th .k{color:var(--soft);margin-right:6px}
.heat{display:block;width:100%;max-width:560px;height:auto;margin:12px 0 8px}
.heat text{font-size:18px;fill:var(--soft)}
.heat .right{fill:rgb(var(--seq))}.heat .wrong{fill:rgb(var(--pos))}
.heat .frame{fill:var(--raised);stroke:var(--line)}
.heat{print-color-adjust:exact;-webkit-print-color-adjust:exact}
`;

const calibration = `
.reliability{display:block;width:100%;max-width:480px;height:auto;margin:12px 0 8px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.reliability text{font-size:13px;fill:var(--soft)}
.reliability .axis{stroke:var(--line);fill:none}
.reliability .ideal{stroke:var(--ink);stroke-dasharray:4 4;fill:none}
.reliability .bar{fill:rgb(var(--seq))}
.reliability .mean{stroke:rgb(var(--pos));stroke-width:3}
.reliability .count{fill:var(--soft)}
.key{display:inline-block;width:.9em;height:.9em;vertical-align:-.08em;border-radius:2px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.key.right{background:rgb(var(--seq))}.key.wrong{background:rgb(var(--pos))}.key.mean{background:rgb(var(--pos));height:3px;vertical-align:.25em}
`;

const mistakes = `
ul.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:24px 16px;list-style:none;margin:16px 0;padding:0;max-width:none}
ul.mistakes li{break-inside:avoid;min-width:0}
ul.mistakes img{display:block;width:112px;max-width:100%;height:auto;border:1px solid var(--line);image-rendering:pixelated;margin-bottom:6px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
ul.mistakes p{margin:0;font-size:.86rem;line-height:1.35}
ul.mistakes .file{color:var(--soft);font-size:.78rem}
`;

const narrow = `
@media (max-width:560px){
.figures{grid-template-columns:1fr 1fr;gap:14px 16px}
.figures dd{font-size:1.4rem}
table.confusion{font-size:.7rem;border-spacing:1px}
table.confusion td{padding:6px 2px;min-width:22px}
table.confusion th{padding:4px 5px 4px 0;min-width:4.2rem;max-width:6.5rem}
table.confusion thead th{min-width:0;padding:4px 2px;max-width:4.5rem}
table.confusion .share,#classes .bar{display:none}
ul.mistakes{grid-template-columns:1fr 1fr}
}
`;

const print = `
@media print{
section.topic{padding:20px 0 8px}
h2,.figures{break-after:avoid}
.figures{break-inside:avoid}
.heat,.reliability,table.confusion{break-inside:avoid}
ul.mistakes{grid-template-columns:repeat(5,1fr);gap:14px 10px}
}
`;

export const style = [reportStyle, figures, confusion, calibration, mistakes, narrow, print]
  .join("")
  .replace(/\n+/g, "\n");
