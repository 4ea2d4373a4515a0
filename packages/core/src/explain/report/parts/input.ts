import { type Content, html, type Markup } from "../../../html.js";
import { scaleOf } from "../../../presentation/colours.js";
import { counted, fixed, formatFor, short, times, whole } from "../../../presentation/numbers.js";
import { type Chapter, goesInto } from "../chapter.js";
import { grid, LARGEST_GRID } from "../grids.js";
import { colourPicture, legendOf, type Mark, mapOf, mapRow, planesOf } from "../maps.js";
import { address, followedCell, type Story, tensorOf, valueAt } from "../story.js";
import { tensorMaps } from "../tensorMaps.js";

/** The first chapter: the picture as numbers. */
export function inputChapter(story: Story): Chapter {
  const { inputShape } = story.trace.model;
  const [C, H, W] = inputShape;
  const window = neighbourhood(story);
  return {
    id: "input",
    name: "x",
    kind: "the picture",
    direction: "forward",
    title: "A picture is a table of numbers",
    lead: `The network never sees a picture: it gets ${whole(C * H * W)} numbers, one for each ${C === 1 ? "pixel" : "pixel and colour"}.`,
    facts: [
      html`<b>${times(inputShape)}</b> numbers: ${counted(C, "channel")}, ${counted(H, "row")}, ${counted(W, "column")}`,
      ...goesInto(story.trace.model, "x"),
    ],
    body: [
      mapRow(
        [picture(story, 280, [window])],
        C === 1 && legendOf({ kind: "grey", largest: 1 }, "brightness of a pixel"),
      ),
      scaling(story),
      C > 1 && tensorMaps(story, "x", { caption: "Each colour by itself, as the network gets it." }),
      numbers(story, window),
      C === 1 && W <= 32 && allNumbers(story),
    ],
  };
}

/** The picture as people see it. */
export function picture(story: Story, width: number, marks: readonly Mark[] = []): Markup {
  const { mean, std } = story.trace.model.normalize;
  const planes = planesOf(tensorOf(story, "x")).map((plane, c) => ({
    ...plane,
    values: Float64Array.from(plane.values, (value) => value * std[c] + mean[c]),
  }));
  const name = `the picture, ${story.imageName}`;
  return planes.length === 3
    ? colourPicture(planes, { name, width })
    : mapOf(planes[0], { kind: "grey", largest: 1 }, { name, width, marks });
}

function scaling(story: Story): Content {
  const { mean, std } = story.trace.model.normalize;
  const cell = followedCell(story, "x");
  const [, c, p, q] = cell.index;
  const value = valueAt(story, cell);
  const brightness = value * std[c] + mean[c];
  const byte = Math.round(255 * brightness);
  const plain = mean.every((value) => value === 0) && std.every((value) => value === 1);
  return html`<p>A file holds a whole number from 0 to 255 for each pixel. Divided by 255 it is a number from 0 (black) to 1 (white)${!plain && html`; less ${mean[c]}, the mean of this channel, and divided by its spread, ${std[c]}, it becomes one that lies around 0`}. The pixel at row ${p}, column ${q}, for example: ${byte} ÷ 255 = ${short(brightness, 4)}${!plain && `, and (${short(brightness, 4)} − ${mean[c]}) ÷ ${std[c]} = ${short(value, 4)}`}. Its address is ${address(cell)}: of the picture <code>x</code>, image 0 (there is only one), channel ${c}, row ${p}, column ${q}. All counts begin with 0.</p>`;
}

/** Some rows and columns around the followed pixel. */
function neighbourhood(story: Story): Mark {
  const [, , p, q] = followedCell(story, "x").index;
  const [, H, W] = story.trace.model.inputShape;
  const [height, width] = [Math.min(H, LARGEST_GRID), Math.min(W, LARGEST_GRID)];
  const begin = (at: number, length: number, of: number) =>
    Math.max(0, Math.min(of - length, at - Math.floor(length / 2)));
  return { row: begin(p, height, H), column: begin(q, width, W), height, width };
}

function numbers(story: Story, { row, column, height, width }: Mark): Markup {
  const [, c, p, q] = followedCell(story, "x").index;
  const x = tensorOf(story, "x");
  const plane = planesOf(x)[c];
  const values = Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j) => plane.values[(row + i) * plane.width + column + j]),
  );
  return grid({
    caption: `rows ${row} to ${row + height - 1}, columns ${column} to ${column + width - 1}, as the network gets them`,
    role: "input",
    values,
    format: { ...formatFor(plane.values as Float64Array, 3), decimals: 2 },
    scale: scaleOf("x", x.data),
    chosen: (i, j) => row + i === p && column + j === q,
  });
}

function allNumbers(story: Story): Markup {
  const x = tensorOf(story, "x");
  const [plane] = planesOf(x);
  const rows = Array.from({ length: plane.height }, (_, i) =>
    Array.from({ length: plane.width }, (_, j) => plane.values[i * plane.width + j]),
  );
  return html`<details><summary>All ${whole(x.data.length)} numbers</summary><div class="scroll"><table class="all">${rows.map(
    (row) =>
      html`<tr>${row.map((value) => html`<td${value === 0 && html` class="zero"`}>${compact(value)}</td>`)}</tr>`,
  )}</table></div></details>`;
}

function compact(value: number): string {
  return value === 0 ? "0" : fixed(value, { decimals: 2, exponent: 0 }).replace(/^(−?)0\./, "$1.");
}
