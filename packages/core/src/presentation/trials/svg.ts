import { type Content, html } from "../../html.js";
import { type Scale, scaleOf } from "../scale.js";
import { axisOf, type OptionAxis, type OptionValue, textOf } from "./axis.js";

/* Many trainings as a picture: each option against the accuracy, and below a line through all options for each training. */

/** A training of a sweep. */
export interface TrialPoint {
  /** What it is called: its number. */
  readonly label: string;
  /** The options that varied. */
  readonly values: Readonly<Record<string, OptionValue>>;
  /** Share of right answers on the validation images. */
  readonly accuracy: number;
}

/** What stands around the picture. */
export interface TrialsSvgOptions {
  /** In one line. */
  readonly subtitle?: string | undefined;
}

const WIDTH = 760;
const [LEFT, RIGHT] = [72, 728];
const COLUMNS = 3;
/** Of a scatter panel, with the room around it. */
const PANEL = { width: 164, height: 132, across: 224, down: 208 };
const TOP = 92;
/** Of the parallel axes. */
const PARALLEL = { gap: 64, height: 220, below: 56 };
/** So many of the best are emphasised, as a share. */
const BEST_SHARE = 0.1;
/** Characters of the line below the title. */
const LONGEST = 100;

const style = `
.unravel-trials{--paper:#fff;--ink:#1b2226;--soft:#55606a;--grid:#dde2e1;--rest:#7f95a1;--best:#b8004f;font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.unravel-trials{--paper:#14181c;--ink:#e6eaea;--soft:#a3aeb5;--grid:#343c43;--rest:#71838e;--best:#ff7fb0}}
.unravel-trials text{fill:var(--ink)}
.unravel-trials .title{font-size:19px;font-weight:600}
.unravel-trials .name{font-weight:600}
.unravel-trials .soft{fill:var(--soft);font-size:12px}
.unravel-trials .paper{fill:var(--paper)}
.unravel-trials .grid{stroke:var(--grid);fill:none}
.unravel-trials .rest{fill:var(--rest);fill-opacity:.6}
.unravel-trials .best{fill:var(--best)}
.unravel-trials .line-rest{stroke:var(--rest);stroke-opacity:.35;fill:none}
.unravel-trials .line-best{stroke:var(--best);stroke-width:2;fill:none}
`;

/**
 * Trainings as an SVG file: a panel for each option, with its values across and the accuracy upwards, and parallel coordinates,
 * in which each training is a line through its options to its accuracy. Light or dark as the reader's system is, without a script.
 * @param trials at least one
 */
export function renderTrialsSvg(trials: readonly TrialPoint[], { subtitle }: TrialsSvgOptions = {}): string {
  const names = [...new Set(trials.flatMap(({ values }) => Object.keys(values)))];
  const axes = names.map((name) =>
    axisOf(
      name,
      trials.map(({ values }) => values[name] ?? null),
    ),
  );
  const accuracies = scaleOf(
    trials.map(({ accuracy }) => accuracy),
    1,
  );
  const ordered = [...trials].sort((a, b) => a.accuracy - b.accuracy); // the best are drawn last, on top
  const firstBest = ordered.length - Math.max(1, Math.round(BEST_SHARE * ordered.length));
  const isBest = (trial: TrialPoint) => ordered.indexOf(trial) >= firstBest;
  const rows = Math.ceil(axes.length / COLUMNS);
  const parallelTop = TOP + rows * PANEL.down + PARALLEL.gap - 24;
  const height = parallelTop + PARALLEL.height + PARALLEL.below;
  const title = "What the options did";
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="unravel-trials" role="img" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
<title>${title}</title>
<desc>${inWords(ordered)}</desc>
<style>${style}</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
<text class="title" x="${LEFT}" y="34">${title}</text>
<text class="soft" x="${LEFT}" y="54">${(subtitle ?? "").slice(0, LONGEST)}</text>
${axes.map((axis, k) => panel(axis, ordered, accuracies, isBest, LEFT + (k % COLUMNS) * PANEL.across, TOP + Math.floor(k / COLUMNS) * PANEL.down))}
${parallel(axes, ordered, accuracies, isBest, parallelTop)}
</svg>
`.html;
}

function inWords(ordered: readonly TrialPoint[]): string {
  const best = ordered[ordered.length - 1];
  const values = Object.entries(best.values).map(([name, value]) => `${name} ${textOf(value)}`);
  return `Of ${ordered.length} trainings, ${best.label} was the best with ${percent(best.accuracy)}: ${values.join(", ")}.`;
}

function up({ from, to }: Scale, accuracy: number, bottom: number, height: number): number {
  return +(bottom - ((accuracy - from) / (to - from)) * height).toFixed(1);
}

const accuracyLabel = ({ digits }: Scale, value: number) =>
  `${(100 * value).toFixed(Math.max(0, digits - 2))}%`;

function panel(
  axis: OptionAxis,
  trials: readonly TrialPoint[],
  accuracies: Scale,
  isBest: (trial: TrialPoint) => boolean,
  left: number,
  top: number,
): Content {
  const bottom = top + PANEL.height;
  const across = (share: number) => +(left + share * PANEL.width).toFixed(1);
  return [
    html`<text class="name" x="${left}" y="${top - 12}">${axis.name}${axis.isLog && " (log)"}</text>`,
    accuracies.ticks.map(
      (tick) =>
        html`<path class="grid" d="M${left} ${up(accuracies, tick, bottom, PANEL.height)}h${PANEL.width}"/><text class="soft" x="${left - 6}" y="${up(accuracies, tick, bottom, PANEL.height) + 4}" text-anchor="end">${accuracyLabel(accuracies, tick)}</text>`,
    ),
    axis.labels.map(
      ({ at, text }) =>
        html`<path class="grid" d="M${across(at)} ${bottom}v5"/><text class="soft" x="${across(at)}" y="${bottom + 20}" text-anchor="middle">${text}</text>`,
    ),
    trials.map(
      (trial) =>
        html`<circle class="${isBest(trial) ? "best" : "rest"}" cx="${across(axis.at(trial.values[axis.name] ?? null))}" cy="${up(accuracies, trial.accuracy, bottom, PANEL.height)}" r="${trials.length > 200 ? 2 : 3.5}"><title>${trial.label}: ${axis.name} ${textOf(trial.values[axis.name] ?? null)}, ${percent(trial.accuracy)}</title></circle>`,
    ),
  ];
}

function parallel(
  axes: readonly OptionAxis[],
  trials: readonly TrialPoint[],
  accuracies: Scale,
  isBest: (trial: TrialPoint) => boolean,
  top: number,
): Content {
  const bottom = top + PARALLEL.height;
  const across = (k: number) => +(LEFT + (k / axes.length) * (RIGHT - LEFT - 24)).toFixed(1);
  const height = (share: number) => +(bottom - share * PARALLEL.height).toFixed(1);
  const last = across(axes.length);
  return [
    axes.map(({ name, labels }, k) => [
      html`<text class="name" x="${across(k)}" y="${k % 2 === 0 ? top - 12 : bottom + 22}" text-anchor="${k === 0 ? "start" : "middle"}">${name}</text>`,
      html`<path class="grid" d="M${across(k)} ${top}V${bottom}"/>`,
      labels.map(
        ({ at, text }) =>
          html`<text class="soft" x="${across(k) - 6}" y="${height(at) + 4}" text-anchor="end">${text}</text>`,
      ),
    ]),
    html`<text class="name" x="${last}" y="${top - 12}" text-anchor="end">validation</text><path class="grid" d="M${last} ${top}V${bottom}"/>`,
    accuracies.ticks.map(
      (tick) =>
        html`<text class="soft" x="${last + 6}" y="${up(accuracies, tick, bottom, PARALLEL.height) + 4}">${accuracyLabel(accuracies, tick)}</text>`,
    ),
    trials.map((trial) => {
      const points = axes.map(
        (axis, k) => `${across(k)} ${height(axis.at(trial.values[axis.name] ?? null))}`,
      );
      const end = `${last} ${up(accuracies, trial.accuracy, bottom, PARALLEL.height)}`;
      return html`<path class="${isBest(trial) ? "line-best" : "line-rest"}" d="M${[...points, end].join("L")}"><title>${trial.label}: ${percent(trial.accuracy)}</title></path>`;
    }),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
