import { type Content, html, type Markup } from "../../html.js";
import { whole } from "../../presentation/numbers.js";
import { chartOf, labelledValues, type ScalingChart } from "./chart.js";
import type { ScalingConclusion } from "./conclusion.js";
import type { ScalingPoint, Sweep } from "./sweep.js";
import { nounOf, scalingInWords, wrapWords } from "./words.js";

/* The picture: measured points, the line, the exponential, and below it the answer in words. */

/** What stands in the picture of a sweep beside its points. */
export interface ScalingSvgOptions {
  /** What was measured, in one line: network, batch, engine, machine. */
  readonly subtitle: string;
}

const WIDTH = 760;
const LEFT = 72;
const RIGHT = 728;
const TOP = 136;
const BOTTOM = 416;
/** A line of text. */
const LINE = 20;
/** Characters of a caption's line: at 13 pixels, most letters are less than 7 wide. */
const CAPTION = 100;
/** About as wide as a digit is at 13 pixels, or wider. */
const DIGIT = 8.5;
const CURVE_STEPS = 240;

const style = `
.unravel-scaling{--paper:#fff;--ink:#1b2226;--soft:#55606a;--grid:#dde2e1;--measured:#0b6b6b;--exponential:#b8004f;font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.unravel-scaling{--paper:#14181c;--ink:#e6eaea;--soft:#a3aeb5;--grid:#343c43;--measured:#52cfc4;--exponential:#ff7fb0}}
.unravel-scaling text{fill:var(--ink)}
.unravel-scaling .title{font-size:19px;font-weight:600}
.unravel-scaling .soft{fill:var(--soft)}
.unravel-scaling .paper{fill:var(--paper)}
.unravel-scaling .grid{stroke:var(--grid);fill:none}
.unravel-scaling .line{stroke:var(--ink);stroke-width:1.5;fill:none}
.unravel-scaling .exponential{stroke:var(--exponential);stroke-width:2;stroke-dasharray:6 4;fill:none}
.unravel-scaling .spread{stroke:var(--measured);stroke-width:2}
.unravel-scaling .point{fill:var(--measured)}
`;

/**
 * An SVG file: light or dark as the reader's system is, without a script, another file or the network. It can also stand in
 * an HTML page as it is.
 */
export function renderScalingSvg(
  sweep: Sweep,
  points: readonly ScalingPoint[],
  conclusion: ScalingConclusion,
  { subtitle }: ScalingSvgOptions,
): string {
  const chart = chartOf(sweep, points, conclusion);
  const title = `Time per epoch against ${nounOf[sweep]}`;
  const words = scalingInWords(sweep, points, conclusion);
  const caption = words.flatMap((sentence) => wrapWords(sentence, CAPTION));
  const height = BOTTOM + 76 + caption.length * LINE;
  const entries: Content[] = [
    html`<g class="legend" transform="translate(${LEFT} 88)">${legend(chart)}</g>`,
    axes(sweep, points, chart),
    curves(chart),
    points.map((point) => measured(chart, point)),
    html`<g transform="translate(${LEFT} ${BOTTOM + 76})">${caption.map((text, k) => html`<text y="${k * LINE}">${text}</text>`)}</g>`,
  ];
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" class="unravel-scaling" role="img" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
<title>${title}</title>
<desc>${words.join(" ")}</desc>
<style>${style}</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
<text class="title" x="${LEFT}" y="38">${title}</text>
${wrapWords(subtitle, CAPTION)
  .slice(0, 1)
  .map((text) => html`<text class="soft" x="${LEFT}" y="60">${text}</text>`)}
${entries.map((entry) => [entry, "\n"])}</svg>
`;
  return svg.html;
}

/** What the marks mean, side by side. */
function legend({ exponential, lineName }: ScalingChart): Content {
  return [
    html`<line class="spread" x1="6" x2="6" y1="-11" y2="3"/><circle class="point" cx="6" cy="-4" r="4"/><text x="20">measured (median and spread)</text>`,
    html`<path class="line" d="M238 -4h28"/><text x="274">${lineName}</text>`,
    exponential &&
      html`<path class="exponential" d="M382 -4h28"/><text x="418">exponential through the first two</text>`,
  ];
}

function axes(sweep: Sweep, points: readonly ScalingPoint[], chart: ScalingChart): Content {
  const half = (DIGIT * whole(points[points.length - 1].value).length) / 2;
  return [
    html`<text class="soft" x="8" y="${TOP - 14}">${chart.unit}</text>`,
    chart.ticks.map(({ seconds, label }) => {
      const y = up(chart.height(seconds));
      return html`<path class="grid" d="M${LEFT} ${y}H${RIGHT}"/><text class="soft" x="${LEFT - 10}" y="${y + 4}" text-anchor="end">${label}</text>`;
    }),
    labelledValues(chart, points, (2 * half + 8) / (RIGHT - LEFT)).map((value) => {
      const x = across(chart.place(value));
      return html`<path class="grid" d="M${x} ${BOTTOM}v6"/><text class="soft" x="${Math.min(x, WIDTH - 4 - half)}" y="${BOTTOM + 22}" text-anchor="middle">${whole(value)}</text>`;
    }),
    html`<text class="soft" x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 44}" text-anchor="middle">${nounOf[sweep]}</text>`,
  ];
}

function curves({ line, exponential, valueAt, height }: ScalingChart): Markup {
  /** The curve as far as it is inside, to the point where it leaves. */
  const path = (curve: (value: number) => number) => {
    const places: string[] = [];
    let before: { x: number; y: number } | undefined;
    for (let step = 0; step <= CURVE_STEPS; step++) {
      const x = step / CURVE_STEPS;
      const y = height(curve(valueAt(x)));
      if (y >= 0 && y <= 1) places.push(`${across(x)} ${up(y)}`);
      else {
        if (before && places.length > 0) places.push(crossing(before, { x, y }));
        if (places.length > 0) break;
      }
      before = { x, y };
    }
    return places.length > 1 ? `M${places.join("L")}` : undefined;
  };
  const drawn = (name: string, curve: ((value: number) => number) | undefined): Content => {
    const d = curve && path(curve);
    return d !== undefined && html`<path class="${name}" d="${d}"/>`;
  };
  return html`${drawn("line", line)}${drawn("exponential", exponential)}`;
}

/** Where the way from one place inside to one outside meets the upper or the lower edge. */
function crossing(inside: { x: number; y: number }, outside: { x: number; y: number }): string {
  const edge = outside.y > 1 ? 1 : 0;
  const share = Number.isFinite(outside.y) ? (edge - inside.y) / (outside.y - inside.y) : 0;
  return `${across(inside.x + share * (outside.x - inside.x))} ${up(edge)}`;
}

function measured({ place, height }: ScalingChart, point: ScalingPoint): Markup {
  const x = across(place(point.value));
  const from = up(Math.min(1, height(point.fastest)));
  const to = up(Math.min(1, height(point.slowest)));
  return html`<g><title>${`${whole(point.value)}: ${point.secondsPerEpoch.toPrecision(3)} s, ${point.fastest.toPrecision(3)} to ${point.slowest.toPrecision(3)} s`}</title><path class="spread" d="M${x} ${from}V${to}"/><circle class="point" cx="${x}" cy="${up(height(point.secondsPerEpoch))}" r="4.5"/></g>`;
}

function across(share: number): number {
  return +(LEFT + share * (RIGHT - LEFT)).toFixed(1);
}

function up(share: number): number {
  return +(BOTTOM - share * (BOTTOM - TOP)).toFixed(1);
}
