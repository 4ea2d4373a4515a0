import { cssGradient, type ScaleKind } from "../../presentation/colours.js";

/*
 * The look of a report: text on paper, light or dark as the reader's system is, numbers in columns, one accent for the way
 * forward and one for the way back. Everything is sized from a grid of 4 pixels.
 */

const kinds: readonly ScaleKind[] = ["grey", "sequential", "diverging"];

const gradients = (theme: "light" | "dark") =>
  kinds.map((kind) => `--${kind}:${cssGradient({ kind, largest: 1 }, theme)}`).join(";");

const light = `color-scheme:light dark;
--paper:#fff;--raised:#f6f7f6;--ink:#1b2226;--soft:#55606a;--line:#dde2e1;
--forward:#0b6b6b;--backward:#8a2a86;
--weight:#5a3fae;--input:#0b6b6b;--bias:#75600a;--output:#1b2226;--gradient:#8a2a86;
--pos:217 112 22;--neg:38 108 184;--seq:32 128 133;--mark:#e5006d;
${gradients("light")}`;

const dark = `--paper:#14181c;--raised:#1c2126;--ink:#e6eaea;--soft:#a3aeb5;--line:#343c43;
--forward:#52cfc4;--backward:#e591e0;
--weight:#b9a5ff;--input:#52cfc4;--bias:#dcc25a;--output:#e6eaea;--gradient:#e591e0;
--pos:214 122 40;--neg:64 132 214;--seq:44 150 146;--mark:#ff5fa8;
${gradients("dark")}`;

const page = `
:root{${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:break-word}
nav,.way,.eyebrow,.facts,.legend,h3,p{overflow-wrap:anywhere}
code,.mono{font:.875em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
a{color:inherit;text-decoration-color:var(--soft);text-underline-offset:3px}
a:hover{text-decoration-color:currentColor}
a:focus-visible{outline:2px solid var(--forward);outline-offset:2px;border-radius:2px}
.page{max-width:80rem;margin:0 auto;padding:0 20px 96px;display:grid;grid-template-columns:14rem minmax(0,60rem);gap:0 56px}
main{min-width:0}
header.top{grid-column:1/-1;padding:48px 0 24px}
h1{font-size:2.25rem;line-height:1.15;letter-spacing:-.02em;margin:0 0 12px;text-wrap:balance}
h2{font-size:1.6rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 8px}
h3{font-size:1.06rem;line-height:1.35;margin:36px 0 8px}
p{margin:0 0 14px;max-width:44rem;text-wrap:pretty}
ul{margin:0 0 14px;padding-left:1.2em;max-width:44rem}
dfn{font-style:normal;font-weight:600}
small{font-size:.85em;color:var(--soft)}
.lead{font-size:1.16rem;line-height:1.5;max-width:42rem}
.note{color:var(--soft);font-size:.92rem}
.notice{border-left:3px solid var(--bias);padding:4px 0 4px 12px}
.scroll{overflow-x:auto;max-width:100%}
`;

const contents = `
nav{font-size:.92rem}
nav .inner{position:sticky;top:20px;max-height:calc(100vh - 40px);overflow-y:auto;padding-bottom:20px}
nav h2{font-size:.78rem;letter-spacing:.06em;text-transform:uppercase;margin:20px 0 4px}
nav .inner h2:first-child{margin-top:4px}
nav ol{list-style:none;margin:0;padding:0}
nav a{display:block;padding:2px 0;text-decoration:none}
nav a:hover{text-decoration:underline}
nav a small{margin-left:6px}
.forward>h2,nav .forward{color:var(--forward)}.backward>h2,nav .backward{color:var(--backward)}
@media (max-width:1020px){
.page{display:block}
nav .inner{position:static;max-height:none;border:1px solid var(--line);border-radius:8px;padding:12px 16px;margin:0 0 32px}
nav ol{display:flex;flex-wrap:wrap;gap:0 16px}
nav a{padding:5px 0}
nav a small{display:none}
}
`;

const chapters = `
section.chapter{padding:40px 0 24px;border-top:1px solid var(--line);scroll-margin-top:8px}
.eyebrow{font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;margin:0 0 4px;color:var(--soft)}
.forward .eyebrow{color:var(--forward)}.backward .eyebrow{color:var(--backward)}
section.part{padding:64px 0 8px;border-top:4px solid currentColor}
section.part.forward{border-color:var(--forward)}section.part.backward{border-color:var(--backward)}
section.part+section.chapter{border-top:0;padding-top:24px}
.facts{display:flex;flex-wrap:wrap;gap:4px 24px;margin:12px 0 20px;padding:0;list-style:none;font-size:.92rem;color:var(--soft);max-width:none}
.facts b{color:var(--ink);font-weight:600}
.weight{color:var(--weight)}.input{color:var(--input)}.bias{color:var(--bias)}.output{color:var(--output)}.gradient{color:var(--gradient)}
.formula{margin:16px 0 20px;padding:14px 16px;background:var(--raised);border-radius:8px}
.formula .pieces{font-size:1.15rem;line-height:2.4;overflow-x:auto}
.formula .meaning{margin:6px 0 0;font-size:.9rem;color:var(--soft);max-width:none}
math{font-family:math,"STIX Two Math","Cambria Math","Latin Modern Math",serif}
.worked{margin:24px 0;padding:16px 20px 20px;border:1px solid var(--line);border-left:4px solid var(--forward);border-radius:8px}
.backward .worked{border-left-color:var(--backward)}.after .worked{border-left-color:var(--ink)}
.worked h3{margin:0 0 10px}
.worked h3 code{font-weight:600;white-space:normal}
.worked>:last-child{margin-bottom:0}
.check{margin:14px 0 0;padding:10px 14px;background:var(--raised);border-radius:6px;font-size:.92rem;max-width:none}
`;

const pictures = `
figure{margin:0}
figcaption{font-size:.86rem;line-height:1.4;color:var(--soft)}
figure.maps{margin:16px 0 24px}
figure.maps>figcaption{margin-top:8px;max-width:44rem}
.row{display:flex;flex-wrap:wrap;gap:14px 14px;align-items:flex-end}
.row.top{align-items:flex-start}
.row .sign{align-self:center}
.map{flex:none;width:var(--w);max-width:100%}
.map figcaption{font-size:.76rem;margin-top:3px;text-align:center;overflow-wrap:anywhere}
.frame{position:relative;border:1px solid var(--line);line-height:0;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.frame img{width:100%;height:auto;image-rendering:pixelated}
.chosen>.frame{outline:2px solid var(--mark);outline-offset:1px}
.mark{position:absolute;box-shadow:0 0 0 2px var(--mark);min-width:3px;min-height:3px}
.strip .frame img{height:12px}
.pair{display:flex;flex-direction:column;gap:4px;align-items:center}
.legend{display:inline-flex;flex-wrap:wrap;align-items:center;gap:4px 12px;margin:12px 32px 0 0;font-size:.8rem;color:var(--soft)}
.scale{width:200px}
.scale i{display:block;height:10px;border:1px solid var(--line);print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scale i.sequential{background:var(--sequential)}.scale i.diverging{background:var(--diverging)}.scale i.grey{background:var(--grey)}
.ends{display:flex;justify-content:space-between}
.worked>.grid{margin:8px 0 16px}
.grids{display:flex;flex-wrap:wrap;align-items:center;gap:12px 14px;margin:8px 0 16px}
.sign{font-size:1.4rem;color:var(--soft)}
.grid{max-width:100%}
.grid figcaption{margin-bottom:4px;font-weight:600}
.grid figcaption.weight{color:var(--weight)}.grid figcaption.input{color:var(--input)}.grid figcaption.gradient{color:var(--gradient)}
.grid table{border-collapse:collapse;font-size:.84rem;line-height:1}
.grid td{border:1px solid var(--line);padding:9px 7px;text-align:right;min-width:48px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.grid.many table{font-size:.76rem}
.grid.many td{padding:8px 4px;min-width:40px}
.grid td.none{text-align:center;color:var(--soft)}
.grid td.pos{background:rgb(var(--pos)/calc(var(--s)*.5))}
.grid td.neg{background:rgb(var(--neg)/calc(var(--s)*.5))}
.grid td.seq{background:rgb(var(--seq)/calc(var(--s)*.45))}
.grid td.chosen{box-shadow:inset 0 0 0 2px var(--mark);font-weight:700}
.plot{max-width:100%;height:auto;display:block}
.plot text{font-size:12px;fill:var(--soft)}
`;

const tables = `
table.list,table.sum{border-collapse:collapse;font-size:.92rem;line-height:1.35;margin:8px 0 16px}
table.list th,table.list td{padding:4px 16px 4px 0;text-align:left;vertical-align:baseline}
table.list thead th{font-weight:600;color:var(--soft);border-bottom:1px solid var(--line);font-size:.84rem}
table.list .n,table.sum .n{text-align:right}
table.list td.n,table.sum td.n,table.list td:not(.address) code{white-space:nowrap}
table.list tr.chosen td{font-weight:700}
table.list tr.total td{border-top:1px solid var(--ink);font-weight:600}
table.sum th{font-weight:400;text-align:left;padding:3px 20px 3px 0}
table.sum td{padding:3px 20px 3px 0;white-space:nowrap}
table.sum td.n{padding-right:0}
table.sum thead td{color:var(--soft);font-size:.84rem;text-align:right;padding-right:0}
table.sum .made{color:var(--soft);text-align:right}
table.sum tfoot th,table.sum tfoot td{border-top:1.5px solid var(--ink);font-weight:700;padding-top:6px}
.bar i{display:block;height:12px;background:rgb(var(--seq));border-radius:0 2px 2px 0;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.bar i.pos{background:rgb(var(--pos))}.bar i.neg{background:rgb(var(--neg))}
.bar i:empty:not([style]){background:none}
table.list .bar{padding-right:0;width:12rem;min-width:5rem}
.two{display:grid;grid-template-columns:1fr 1fr}.two .neg{justify-self:end;border-radius:2px 0 0 2px}
details{margin:8px 0 20px}summary{cursor:pointer;color:var(--soft);font-size:.92rem}
`;

const overview = `
.answer{display:flex;flex-wrap:wrap;gap:24px 40px;align-items:center;margin:16px 0 8px}
.answer .says{font-size:1.2rem;line-height:1.5;max-width:36rem}
.answer .says b{font-weight:650}
.way{display:grid;grid-template-columns:repeat(auto-fill,112px);gap:0 16px;margin:24px 0 8px;padding:0;list-style:none;max-width:none}
.way li{display:grid;grid-row:span 6;grid-template-columns:minmax(0,1fr);grid-template-rows:subgrid;align-items:start;padding-bottom:28px}
.way .name{font-weight:600;font-size:.9rem;line-height:1.3;display:block}
.way small,.way .takes{display:block;line-height:1.35}
.way .dir{display:block;font-size:.76rem;margin:8px 0 3px}
.way .dir.f{color:var(--forward)}.way .dir.b{color:var(--backward)}
`;

const narrow = `
@media (max-width:560px){
body{font-size:16px}
.page{padding:0 16px 64px}
header.top{padding:28px 0 16px}
h1{font-size:1.75rem}
.worked{padding:12px 12px 14px}
.formula{padding:10px 12px}
.grid td{padding:8px 4px;min-width:40px;font-size:.78rem}
.grid.many td{padding:7px 2px;min-width:0;font-size:.68rem}
.grids{gap:10px}
.row{gap:12px}
.row .map.small{width:min(var(--w),calc((100% - 28px)/3))}
.row:has(.sign) .map{width:min(var(--w),40%)}
.row .pair{width:calc((100% - 28px)/3)}.row .pair .map.small{width:min(var(--w),100%)}
table.list,table.sum{font-size:.75rem}
table.list thead th{font-size:.72rem}
table.list code,table.sum code{font-size:.7rem}
table.list th,table.list td,table.sum th,table.sum td{padding-right:8px}
table.list th code{overflow-wrap:anywhere}
table.list .bar{width:6rem;min-width:3rem}
.way{grid-template-columns:repeat(auto-fill,98px);gap:0 12px}
}
`;

const print = `
@media print{
@page{margin:16mm 14mm}
html{font-size:13px}
body{font-size:10pt;line-height:1.42}
.page{display:block;max-width:none;padding:0}
header.top{padding:0 0 12px}
nav .inner{position:static;max-height:none;overflow:visible;padding:0}
nav ol{display:flex;flex-wrap:wrap;gap:0 16px}
nav a small{display:none}
.eyebrow,h2,h3,.facts,.lead{break-after:avoid}
p{orphans:3;widows:3}.lead{break-inside:avoid}
.map{width:calc(var(--w)*.74)}
.row{padding-top:4px;gap:10px}
.way{grid-template-columns:repeat(auto-fill,88px)}
section.chapter{padding:24px 0 12px}
.worked,.formula{margin:14px 0}
.worked,.formula,figure.maps,.grid,.check,.map,.pair,.way li,table.list tr,table.sum{break-inside:avoid}
section.part{break-before:page;padding-top:0}
.scroll,.formula .pieces{overflow:visible}
table.list td:not(.n,.bar),table.list th,table.sum th,table.list td:not(.address) code{overflow-wrap:anywhere;white-space:normal}
.grid td{padding:6px 5px;min-width:40px}
a{text-decoration:none}
details:not([open]){display:none}
}
`;

export const style = [page, contents, chapters, pictures, tables, overview, narrow, print]
  .join("")
  .replace(/\n+/g, "\n");
