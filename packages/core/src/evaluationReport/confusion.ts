import { table } from "../explain/report/grids.js";
import { type Content, html, type Markup } from "../html.js";
import { counted, whole } from "../presentation/numbers.js";
import { areNumbered, type EvaluationSubject, share, type Topic } from "./subject.js";

type Counts = readonly (readonly number[])[];

/** Of more classes than this, numbers in a table can't be overlooked any more. */
const MOST_IN_NUMBERS = 20;
/** Up to so many classes have their names above the columns, too. */
const MOST_NAMED_COLUMNS = 4;
/** So many pairs are listed. */
const MOST_PAIRS = 15;

/** Which classes are taken for which. */
export function confusionTopic({ model, evaluation, scores }: EvaluationSubject): Topic | undefined {
  const { confusion } = evaluation;
  if (scores === undefined) return undefined;
  const { classes } = model;
  const picture = classes.length <= MOST_IN_NUMBERS ? matrix(confusion, classes) : heatMap(confusion);
  return {
    id: "confusion",
    title: "What is taken for what",
    content: [picture, pairs(confusion, classes)],
  };
}

/** How strongly a share is coloured: its square root, so that one in a hundred still shows. */
const strengthOf = (part: number) => +Math.sqrt(part).toFixed(2);
const sumOf = (row: readonly number[]) => row.reduce((sum, count) => sum + count, 0);

const colours = html`<i class="key right"></i> is the share that is right, <i class="key wrong"></i> that of a mistake`;

function matrix(confusion: Counts, classes: readonly string[]): Content {
  const numbered = areNumbered(classes);
  const named = classes.length <= MOST_NAMED_COLUMNS || !numbered;
  const rows = confusion.map((row, actual) => {
    const images = sumOf(row);
    const cells = row.map((count, predicted) => {
      const look = count === 0 ? "zero" : actual === predicted ? "right" : "wrong";
      const said = `${classes[actual]}, taken for ${classes[predicted]}: ${whole(count)}`;
      return html`<td class="${look}" style="--s:${strengthOf(images === 0 ? 0 : count / images)}" title="${said}">${count === 0 ? "·" : whole(count)}</td>`;
    });
    const right = images === 0 ? "–" : share(row[actual] / images);
    return html`<tr><th scope="row">${numbered && html`<span class="k">${actual}</span>`}${classes[actual]}</th>${cells}<td class="share">${right}</td></tr>`;
  });
  return [
    html`<p>A row for each class that images show, a column for each that they were taken for: ${colours}, of all images of the row.</p>`,
    html`<div class="scroll"><table class="confusion"><thead><tr><th></th>${classes.map(
      (name, k) => html`<th scope="col" title="${name}">${named ? name : k}</th>`,
    )}<th class="share">right</th></tr></thead><tbody>${rows}</tbody></table></div>`,
  ];
}

/** In units of the picture. */
const SIDE = 560;
const MARGIN = 44;
/** So many strengths of each colour. */
const LEVELS = 24;

function heatMap(confusion: Counts): Content {
  const classes = confusion[0].length;
  const cell = SIDE / classes;
  const cells = new Map<string, string>();
  for (const [actual, row] of confusion.entries()) {
    const images = sumOf(row);
    for (const [predicted, count] of row.entries()) {
      if (count === 0) continue;
      const level = Math.max(1, Math.round(strengthOf(count / images) * LEVELS));
      const key = `${actual === predicted ? "right" : "wrong"} ${level}`;
      cells.set(key, `${cells.get(key) ?? ""}M${predicted} ${actual}h1v1h-1z`);
    }
  }
  const step = [5, 10, 20, 25, 50, 100, 200, 500].find((step) => classes / step <= 12) ?? classes;
  const ticks = Array.from({ length: Math.ceil(classes / step) }, (_, k) => k * step);
  const middle = (k: number) => +((k + 0.5) * cell).toFixed(1);
  const height = +(cell * confusion.length).toFixed(1);
  const name = `A map of ${confusion.length} rows and ${classes} columns: how often each class was taken for each`;
  return [
    html`<p>A row for each class that images show, from above, and a column for each that they were taken for: ${colours}, of all images of the row. The stronger, the more; weak colours are raised, so that one image in a hundred still shows. The numbers of classes are those of the table below.</p>`,
    html`<svg class="heat" role="img" aria-label="${name}" viewBox="0 0 ${MARGIN + SIDE} ${MARGIN + height}">${ticks
      .filter((k) => k < confusion.length)
      .map(
        (k) =>
          html`<text x="${MARGIN - 8}" y="${+(MARGIN + middle(k) + 6).toFixed(1)}" text-anchor="end">${k}</text>`,
      )}<g transform="translate(${MARGIN} ${MARGIN})">${frame(height)}${ticks.map(
      (k) => html`<text x="${middle(k)}" y="-8" text-anchor="middle">${k}</text>`,
    )}<g transform="scale(${+cell.toFixed(4)})">${[...cells].map(([key, path]) => {
      const [look, level] = key.split(" ");
      return html`<path class="${look}" fill-opacity="${+(Number(level) / LEVELS).toFixed(2)}" d="${path}"/>`;
    })}</g></g></svg>`,
  ];
}

const frame = (height: number): Markup =>
  html`<rect class="frame" x="-.5" y="-.5" width="${SIDE + 1}" height="${height + 1}"/>`;

/** The pairs that are confused most, however many classes there are. */
function pairs(confusion: Counts, classes: readonly string[]): Content {
  const all = confusion.flatMap((row, actual) => {
    const images = sumOf(row);
    return row.flatMap((count, predicted) =>
      count > 0 && predicted !== actual ? [{ actual, predicted, count, part: count / images }] : [],
    );
  });
  if (all.length === 0) return html`<p>There is no mistake.</p>`;
  const most = all.sort((a, b) => b.count - a.count || b.part - a.part).slice(0, MOST_PAIRS);
  const rows = most.map(({ actual, predicted, count, part }) => ({
    cells: [
      classes[actual],
      classes[predicted],
      whole(count),
      share(part),
      html`<i class="pos" style="width:${+((100 * count) / most[0].count).toFixed(1)}%"></i>`,
    ],
  }));
  return [
    html`<h3>The commonest mistakes</h3>`,
    all.length > most.length &&
      html`<p class="note">${most.length} of ${counted(all.length, "pair")} that were confused.</p>`,
    table(["is", "taken for", "images", "of its class", ""], rows, ["text", "text", "n", "n", "bar"]),
  ];
}
