// The page's pictures for others: icons for home screens, and what is shown where somebody posts a link to it. Written to
// packages/explorer/public.
//
//   npm run build && node scripts/page-images.mjs
//
// All numbers in the preview are those of the page: its network, its first digit, and a sum of nine products.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { digitPen, loadBatch, parseModel, trace } from "unravel-cnn";

const program = process.env.UNRAVEL_BROWSER ?? "/usr/bin/chromium";
if (!existsSync(program)) {
  console.error(`There is no ${program}; set UNRAVEL_BROWSER to the program of a Chromium, Chrome or Edge.`);
  process.exit(1);
}
const page = (file) => new URL(`../packages/explorer/${file}`, import.meta.url);
const { resolve } = createRequire(page("package.json"));

const TEAL = "#0b6b6b";
const svg = readFileSync(page("public/icon.svg"), "utf8");
/** Systems cut the corners as they like: the ground goes to the edge, and the middle four fifths hold what counts. */
const maskable = svg
  .replace('rx="7" ', "")
  .replace('<g fill="#fff">', '<g fill="#fff" transform="translate(3.2 3.2) scale(.8)">');

const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
try {
  await draw("icon-192.png", 192, 192, icon(svg));
  await draw("icon-512.png", 512, 512, icon(svg));
  await draw("icon-maskable.png", 512, 512, icon(maskable));
  await draw("apple-touch-icon.png", 180, 180, icon(maskable));
  await draw("preview.png", 1200, 630, preview());
} finally {
  await browser.close();
}

async function draw(name, width, height, html) {
  const tab = await browser.newPage({ viewport: { width, height } });
  await tab.setContent(html);
  await tab.evaluate(() => document.fonts.ready);
  const bytes = await tab.screenshot({ omitBackground: true });
  await tab.close();
  writeFileSync(page(`public/${name}`), bytes);
  console.log(`${name}: ${width}x${height}, ${(bytes.length / 1000).toFixed(1)} kB`);
}

function icon(picture) {
  return `<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>${picture}`;
}

function preview() {
  const bytes = readFileSync(page("assets/one-conv.safetensors"));
  const { model, parameters } = parseModel(new Uint8Array(bytes), "one-conv");
  const x = loadBatch(digitPen(0, "test").draw(3, 0), model.inputShape, [0], model.normalize);
  const { tensors } = trace(model, parameters, x, [3]);
  const map = tensors["conv1.out"].data;
  const CELLS = 26 * 26;
  const placeOf = (at) => [Math.floor(at / CELLS), Math.floor((at % CELLS) / 26), at % 26];
  const partsOf = ([filter, row, column]) => {
    const weights = [...parameters["conv1.weight"].data.slice(9 * filter, 9 * filter + 9)];
    const pixels = weights.map((_, k) => x.data[(row + Math.floor(k / 3)) * 28 + column + (k % 3)]);
    return { weights, pixels };
  };
  /** Products that can be seen with two decimals: the more, the better a cell shows what a sum is. */
  const seen = (at) => {
    const { weights, pixels } = partsOf(placeOf(at));
    return map[at] > 0 ? weights.filter((weight, k) => Math.abs(weight * pixels[k]) > 0.05).length : 0;
  };
  const at = [...map.keys()].reduce((best, k) => (seen(k) > seen(best) ? k : best));
  const [filter, row, column] = placeOf(at);
  const { weights, pixels } = partsOf([filter, row, column]);
  const bias = parameters["conv1.bias"].data[filter];
  const sum = weights.reduce((total, weight, k) => total + weight * pixels[k], bias);
  if (Math.abs(sum - map[at]) > 1e-4) throw new Error(`the sum is ${sum}, and the map says ${map[at]}`);
  const input = [...x.data];
  const own = [...map.slice(filter * CELLS, (filter + 1) * CELLS)];
  const said = (value) => value.toFixed(2).replace("-", "−");
  const font = (name, file) =>
    `@font-face{font-family:${name};font-weight:200 900;src:url(data:font/woff2;base64,${readFileSync(resolve(file)).toString("base64")})}`;
  return `<style>
${font("text", "@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2")}
${font("mono", "@fontsource-variable/source-code-pro/files/source-code-pro-latin-wght-normal.woff2")}
*{margin:0;box-sizing:border-box}
body{width:1200px;height:630px;padding:52px 64px;background:#f8f7f4;color:#1c1b19;font:28px/1.3 text}
h1{font-size:68px;font-weight:700;line-height:1;color:${TEAL}}
p{margin-top:12px}
.row{display:grid;grid-template-columns:300px 1fr 300px;gap:44px;align-items:center;margin-top:44px}
table{border-spacing:6px;margin:auto}
td{width:106px;padding:9px 0;border-radius:6px;background:#fff;text-align:center;font:600 24px mono}
small{display:block;margin-top:12px;text-align:center;font-size:24px;color:#5b5750}
svg{display:block;width:300px;height:300px;background:#fff}
</style>
<h1>unravel</h1><p>Draw a digit. Open every number of a convolutional network, forward and backward.</p>
<div class="row">
<div>${grid(input, 28, [column, row, 3], grey)}<small>your drawing</small></div>
<div><table>${[0, 1, 2].map((r) => `<tr>${[0, 1, 2].map((c) => `<td style="color:${weights[3 * r + c] < 0 ? "#1c5fae" : "#a84300"}">${said(weights[3 * r + c] * pixels[3 * r + c])}</td>`).join("")}</tr>`).join("")}</table><small>nine products and a bias of ${said(bias)} make <b style="color:${TEAL}">${said(map[at])}</b></small></div>
<div>${grid(own, 26, [column, row, 1], diverging)}<small>what a filter sees</small></div>
</div>`;
}

/** Numbers as squares; a frame around some of them. */
function grid(values, side, [left, top, size], colour) {
  const largest = Math.max(...values.map(Math.abs));
  const least = Math.min(...values);
  const squares = values.map(
    (value, k) =>
      `<rect x="${k % side}" y="${Math.floor(k / side)}" width="1.02" height="1.02" fill="${colour(value, largest, least)}"/>`,
  );
  return `<svg viewBox="0 0 ${side} ${side}">${squares.join("")}<rect x="${left}" y="${top}" width="${size}" height="${size}" fill="none" stroke="#c2005d" stroke-width=".5"/></svg>`;
}

function grey(value, largest, least) {
  return mix([255, 255, 255], [28, 27, 25], (value - least) / (largest - least));
}

function diverging(value, largest) {
  return mix([246, 245, 242], value < 0 ? [28, 95, 174] : [194, 80, 10], Math.abs(value) / largest);
}

function mix(from, to, share) {
  return `rgb(${from.map((one, k) => Math.round(one + (to[k] - one) * share)).join(" ")})`;
}
