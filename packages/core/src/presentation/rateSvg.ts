import { type Content, html } from "../html.js";
import type { RateTest } from "../training/findRate.js";
import { scaleOf } from "./scale.js";

/* A test of learning rates as a picture: the loss against the rate, whose axis goes by factors of ten. */

/** What stands in the picture of a test of learning rates beside its curve. */
export interface RateSvgOptions {
  /** What was trained on what, in one line. */
  readonly subtitle?: string | undefined;
}

const WIDTH = 760;
const LEFT = 72;
const RIGHT = 728;
const TOP = 112;
const BOTTOM = 372;
const HEIGHT = 430;
const LONGEST = 100;
/** Losses above so many times the first are cut off, so that the others can be told apart. */
const MOST = 1.5;

const style = `
.unravel-rates{--paper:#fff;--ink:#1b2226;--soft:#55606a;--grid:#dde2e1;--smooth:#0b6b6b;--chosen:#b8004f;font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.unravel-rates{--paper:#14181c;--ink:#e6eaea;--soft:#a3aeb5;--grid:#343c43;--smooth:#52cfc4;--chosen:#ff7fb0}}
.unravel-rates text{fill:var(--ink)}
.unravel-rates .title{font-size:19px;font-weight:600}
.unravel-rates .soft{fill:var(--soft)}
.unravel-rates .paper{fill:var(--paper)}
.unravel-rates .grid{stroke:var(--grid);fill:none}
.unravel-rates .smooth{stroke:var(--smooth);fill:none;stroke-width:2}
.unravel-rates .dot{fill:var(--soft);opacity:.5}
.unravel-rates .chosen{stroke:var(--chosen);fill:none;stroke-width:2;stroke-dasharray:6 3}
`;

/** An SVG file: light or dark as the reader's system is, without a script, another file or the network. */
export function renderRateSvg({ trials, suggested }: RateTest, { subtitle }: RateSvgOptions = {}): string {
  const first = trials[0]?.loss ?? 1;
  const losses = trials.map(({ loss }) => Math.min(loss, MOST * first));
  const { from, to, ticks, digits } = scaleOf(losses.length > 0 ? losses : [0, 1], Infinity);
  const rates = trials.map(({ rate }) => rate);
  const [low, high] = [Math.log10(rates[0] ?? 1e-5), Math.log10(rates.at(-1) ?? 10)];
  const across = (rate: number) =>
    +(LEFT + ((Math.log10(rate) - low) / (high - low || 1)) * (RIGHT - LEFT)).toFixed(1);
  const up = (loss: number) =>
    +(BOTTOM - ((Math.min(loss, to) - from) / (to - from)) * (BOTTOM - TOP)).toFixed(1);
  const decades = Array.from(
    { length: Math.max(0, Math.floor(high) - Math.ceil(low) + 1) },
    (_, k) => Number(`1e${Math.ceil(low) + k}`), // 10 ** -5 is another number
  );
  const title = "Loss against learning rate";
  const line = trials.map(({ rate, smooth }) => `${across(rate)} ${up(smooth)}`).join("L");
  const chosen: Content =
    suggested !== null && html`<path class="chosen" d="M${across(suggested)} ${TOP}V${BOTTOM}"/>`;
  const legend: Content = [
    html`<path class="smooth" d="M0 -4h28"/><text x="36">mean of the steps around</text><circle class="dot" cx="224" cy="-4" r="2.5"/><text x="236">one step</text>`,
    suggested !== null &&
      html`<path class="chosen" d="M316 -4h28"/><text x="352">suggested: ${suggested.toPrecision(2)}</text>`,
  ];
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" class="unravel-rates" role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">
<title>${title}</title>
<desc>${suggested === null ? "The loss doesn't fall at any rate." : `Suggested as the largest rate: ${suggested.toPrecision(2)}.`}</desc>
<style>${style}</style>
<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>
<text class="title" x="${LEFT}" y="34">${title}</text>
<text class="soft" x="${LEFT}" y="54">${(subtitle ?? "").slice(0, LONGEST)}</text>
<g transform="translate(${LEFT} 82)">${legend}</g>
${ticks.map(
  (tick) =>
    html`<path class="grid" d="M${LEFT} ${up(tick)}H${RIGHT}"/><text class="soft" x="${LEFT - 10}" y="${up(tick) + 4}" text-anchor="end">${tick.toFixed(digits)}</text>`,
)}
${decades.map(
  (rate) =>
    html`<path class="grid" d="M${across(rate)} ${TOP}V${BOTTOM + 6}"/><text class="soft" x="${across(rate)}" y="${BOTTOM + 22}" text-anchor="middle">${rate}</text>`,
)}
<text class="soft" x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 44}" text-anchor="middle">learning rate</text>
${trials.map(({ rate, loss }) => html`<circle class="dot" cx="${across(rate)}" cy="${up(loss)}" r="2"/>`)}
${trials.length > 1 && html`<path class="smooth" d="M${line}"/>`}
${chosen}
</svg>
`;
  return svg.html;
}
