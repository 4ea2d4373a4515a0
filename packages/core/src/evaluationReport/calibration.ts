import { table } from "../explain/report/grids.js";
import { type Content, html, type Markup } from "../html.js";
import { counted, whole } from "../presentation/numbers.js";
import type { CalibrationGroup } from "../training/quality.js";
import { type EvaluationSubject, share, type Topic } from "./subject.js";

/* Whether probabilities can be believed: of the answers given with 80%, are 80% right? */

/** A group with answers. */
type Met = CalibrationGroup & { readonly confidence: number; readonly accuracy: number };

/** In units of the drawing. */
const WIDTH = 400;
const [LEFT, RIGHT] = [56, 392];
const BARS = { top: 12, bottom: 292 };
const COUNTS = { top: 312, bottom: 352 };
const HEIGHT = 396;

export function calibrationTopic({ scores }: EvaluationSubject): Topic | undefined {
  if (scores === undefined || scores.calibrationError === null) return undefined;
  const groups = scores.calibration.filter(
    (group): group is Met => group.confidence !== null && group.accuracy !== null,
  );
  const images = groups.reduce((sum, group) => sum + group.images, 0);
  const mean = (of: (group: Met) => number) =>
    groups.reduce((sum, group) => sum + group.images * of(group), 0) / images;
  const [confidence, accuracy] = [mean((group) => group.confidence), mean((group) => group.accuracy)];
  const tendency =
    Math.abs(confidence - accuracy) < 0.005
      ? "just about as sure as they are right"
      : confidence > accuracy
        ? "surer than they are right"
        : "less sure than they are right";
  const rows = groups.map((group) => ({
    cells: [
      `${share(group.from)} to ${share(group.to)}`,
      whole(group.images),
      share(group.confidence),
      share(group.accuracy),
    ],
  }));
  const content: Content = [
    html`<p>Answers come with a probability. On average it is <b>${share(confidence)}</b>, and <b>${share(accuracy)}</b> of the answers are right: they are ${tendency}. In groups of answers that are about equally sure, the two differ by <b>${share(scores.calibrationError)}</b> on average, the expected calibration error.</p>`,
    drawing(groups),
    html`<p class="note"><i class="key right"></i> share that is right, <i class="key mean"></i> mean probability; a bar that ends there, on the dashed line, is as good as its word. Below, how many images each group has.</p>`,
    html`<details><summary>The same in numbers</summary>${table(
      ["probability", "images", "mean", "right"],
      rows,
      ["text", "n", "n", "n"],
    )}</details>`,
  ];
  return { id: "calibration", title: "Can the probabilities be believed?", content };
}

const round = (value: number) => +value.toFixed(1);
const across = (value: number) => round(LEFT + value * (RIGHT - LEFT));
const up = (value: number) => round(BARS.bottom - value * (BARS.bottom - BARS.top));

function drawing(groups: readonly Met[]): Markup {
  const most = Math.max(...groups.map(({ images }) => images));
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return html`<svg class="reliability" role="img" aria-label="For each group of answers, the share that is right beside the probability" viewBox="0 0 ${WIDTH} ${HEIGHT}">${ticks.map(
    (tick) =>
      html`<path class="axis" d="M${LEFT} ${up(tick)}H${RIGHT}"/><text x="${LEFT - 6}" y="${up(tick) + 4}" text-anchor="end">${100 * tick}%</text><text x="${across(tick)}" y="${COUNTS.bottom + 18}" text-anchor="${tick === 1 ? "end" : "middle"}">${100 * tick}%</text>`,
  )}${groups.map((group) => bars(group, most))}<path class="ideal" d="M${LEFT} ${BARS.bottom}L${RIGHT} ${BARS.top}"/><path class="axis" d="M${LEFT} ${COUNTS.bottom}H${RIGHT}"/><text x="${LEFT - 6}" y="${COUNTS.bottom - 14}" text-anchor="end">images</text><text x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">probability of the answer</text></svg>`;
}

function bars({ from, to, images, confidence, accuracy }: Met, most: number): Content {
  const [x, width] = [across(from) + 1, round(across(to) - across(from) - 2)];
  const height = round(Math.max(1, (images / most) * (COUNTS.bottom - COUNTS.top)));
  const said = `${share(from)} to ${share(to)}: ${counted(images, "image")}, mean ${share(confidence)}, ${share(accuracy)} right`;
  return html`<g><title>${said}</title><rect class="bar" x="${x}" y="${up(accuracy)}" width="${width}" height="${round(BARS.bottom - up(accuracy))}"/><path class="mean" d="M${x} ${up(confidence)}h${width}"/><rect class="count" x="${x}" y="${round(COUNTS.bottom - height)}" width="${width}" height="${height}"/></g>`;
}
