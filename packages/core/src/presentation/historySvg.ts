import { type Content, html } from "../html.js";
import type { EpochRecord } from "../training/history.js";
import { type Scale, scaleOf } from "./scale.js";

/* A training as a picture: above the losses of its epochs, below the accuracies. */

/** What stands in the picture of a training beside its curves. */
export interface HistorySvgOptions {
  /** What was trained on what, in one line. */
  readonly subtitle?: string | undefined;
  /** The epoch whose weights were kept, counted from 1, if that is to be marked. */
  readonly keptEpoch?: number | undefined;
}

const WIDTH = 760;
const LEFT = 72;
const RIGHT = 728;
/** Of the two panels. */
const LOSS = { top: 108, bottom: 288 };
const ACCURACY = { top: 336, bottom: 516 };
const HEIGHT = 572;
/** Characters of the line below the title. */
const LONGEST = 100;
/** Labels on the axis of epochs, at most. */
const MOST_LABELS = 12;

const style = `
.unravel-history{--paper:#fff;--ink:#1b2226;--soft:#55606a;--grid:#dde2e1;--training:#0b6b6b;--validation:#b8004f;font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.unravel-history{--paper:#14181c;--ink:#e6eaea;--soft:#a3aeb5;--grid:#343c43;--training:#52cfc4;--validation:#ff7fb0}}
.unravel-history text{fill:var(--ink)}
.unravel-history .title{font-size:19px;font-weight:600}
.unravel-history .soft{fill:var(--soft)}
.unravel-history .paper{fill:var(--paper)}
.unravel-history .grid{stroke:var(--grid);fill:none}
.unravel-history .kept{stroke:var(--soft);stroke-dasharray:2 3;fill:none}
.unravel-history .training{stroke:var(--training);fill:none;stroke-width:2}
.unravel-history .validation{stroke:var(--validation);fill:none;stroke-width:2;stroke-dasharray:6 3}
.unravel-history .dot-training{fill:var(--training)}
.unravel-history .dot-validation{fill:var(--validation)}
`;

/**
 * Loss and accuracy of each epoch, of training and where there is one of validation, as an SVG file: light or dark as the
 * reader's system is, without a script, another file or the network.
 */
export function renderHistorySvg(
  epochs: readonly EpochRecord[],
  { subtitle, keptEpoch }: HistorySvgOptions = {},
): string {
  const isValidated = epochs.some(({ valLoss }) => valLoss !== null);
  const losses = scaleOf(
    epochs.flatMap(({ loss, valLoss }) => (valLoss === null ? [loss] : [loss, valLoss])),
    Infinity,
  );
  const accuracies = scaleOf(
    epochs.flatMap(({ accuracy, valAccuracy }) =>
      valAccuracy === null ? [accuracy] : [accuracy, valAccuracy],
    ),
    1,
  );
  const title = "Loss and accuracy of each epoch";
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" class="unravel-history" role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">
<title>${title}</title>
<desc>${inWords(epochs, keptEpoch)}</desc>
<style>${style}</style>
<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>
<text class="title" x="${LEFT}" y="34">${title}</text>
<text class="soft" x="${LEFT}" y="54">${(subtitle ?? "").slice(0, LONGEST)}</text>
<g transform="translate(${LEFT} 78)">${legend(isValidated, keptEpoch)}</g>
${panel(LOSS, "loss", losses, epochs, [(record) => record.loss, (record) => record.valLoss], keptEpoch)}
${panel(ACCURACY, "right", accuracies, epochs, [(record) => record.accuracy, (record) => record.valAccuracy], keptEpoch)}
${axisOfEpochs(epochs.length)}
</svg>
`;
  return svg.html;
}

function inWords(epochs: readonly EpochRecord[], keptEpoch: number | undefined): string {
  const last = epochs.at(-1);
  if (last === undefined) return "No epoch.";
  const validated =
    last.valLoss === null || last.valAccuracy === null
      ? ""
      : `, and on validation images ${figure(last.valLoss)} and ${percent(last.valAccuracy)}`;
  const kept = keptEpoch === undefined ? "" : ` The weights of epoch ${keptEpoch} were kept.`;
  return `After ${epochs.length} epochs the loss in training was ${figure(last.loss)} and ${percent(last.accuracy)} were right${validated}.${kept}`;
}

function legend(isValidated: boolean, keptEpoch: number | undefined): Content {
  return [
    html`<path class="training" d="M0 -4h28"/><text x="36">training</text>`,
    isValidated && html`<path class="validation" d="M130 -4h28"/><text x="166">validation</text>`,
    keptEpoch !== undefined &&
      html`<path class="kept" d="M276 -12v14"/><text x="284">epoch ${keptEpoch}, which was kept</text>`,
  ];
}

type Place = { readonly top: number; readonly bottom: number };

function panel(
  { top, bottom }: Place,
  name: "loss" | "right",
  { from, to, ticks, digits }: Scale,
  epochs: readonly EpochRecord[],
  [training, validation]: readonly ((record: EpochRecord) => number | null)[],
  keptEpoch: number | undefined,
): Content {
  const up = (value: number) => +(bottom - ((value - from) / (to - from)) * (bottom - top)).toFixed(1);
  const label = (value: number) =>
    name === "loss" ? value.toFixed(digits) : `${(100 * value).toFixed(Math.max(0, digits - 2))}%`;
  const curve = (of: (record: EpochRecord) => number | null, kind: string): Content => {
    const points = epochs.flatMap((record, k) => {
      const value = of(record);
      return value === null ? [] : [{ x: across(k + 1, epochs.length), y: up(value), k, value }];
    });
    const line =
      points.length > 1 &&
      html`<path class="${kind}" d="M${points.map(({ x, y }) => `${x} ${y}`).join("L")}"/>`;
    const dots = points.map(
      ({ x, y, k, value }) =>
        html`<circle class="dot-${kind}" cx="${x}" cy="${y}" r="${epochs.length > 40 ? 1.5 : 3}"><title>epoch ${k + 1}, ${kind}: ${name === "loss" ? figure(value) : percent(value)}</title></circle>`,
    );
    return [line, dots];
  };
  const kept = keptEpoch !== undefined && across(keptEpoch, epochs.length);
  return [
    html`<text class="soft" x="${LEFT}" y="${top - 10}">${name === "loss" ? "loss" : "share that is right"}</text>`,
    ticks.map(
      (tick) =>
        html`<path class="grid" d="M${LEFT} ${up(tick)}H${RIGHT}"/><text class="soft" x="${LEFT - 10}" y="${up(tick) + 4}" text-anchor="end">${label(tick)}</text>`,
    ),
    kept !== false && html`<path class="kept" d="M${kept} ${top}V${bottom}"/>`,
    curve(training, "training"),
    curve(validation, "validation"),
  ];
}

function axisOfEpochs(count: number): Content {
  const step =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((one) => count / one <= MOST_LABELS) ??
    Math.ceil(count / MOST_LABELS);
  const labelled = Array.from({ length: count }, (_, k) => k + 1).filter(
    (epoch) => epoch % step === 0 || count === 1,
  );
  return [
    labelled.map(
      (epoch) =>
        html`<path class="grid" d="M${across(epoch, count)} ${ACCURACY.bottom}v6"/><text class="soft" x="${across(epoch, count)}" y="${ACCURACY.bottom + 22}" text-anchor="middle">${epoch}</text>`,
    ),
    html`<text class="soft" x="${(LEFT + RIGHT) / 2}" y="${ACCURACY.bottom + 42}" text-anchor="middle">epoch</text>`,
  ];
}

/** Where an epoch stands: in the middle, if it is the only one. */
function across(epoch: number, count: number): number {
  const share = count === 1 ? 0.5 : (epoch - 1) / (count - 1);
  return +(LEFT + 12 + share * (RIGHT - LEFT - 24)).toFixed(1);
}

const figure = (value: number): string => value.toPrecision(4);
const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
