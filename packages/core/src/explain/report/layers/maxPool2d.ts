import type { Cell } from "../../../cell.js";
import { type Content, html, type Markup } from "../../../html.js";
import type { Factor } from "../../../layers/explain/explanation.js";
import type { MaxPool2d } from "../../../layers/maxPool2d.js";
import { pixelUnder } from "../../../layers/window.js";
import { scaleOf } from "../../../presentation/colours.js";
import {
  formula,
  indexed,
  letter,
  list,
  maximumOver,
  operator,
  placeUnder,
} from "../../../presentation/mathml.js";
import { counted, formatFor, percent, short, times } from "../../../presentation/numbers.js";
import { blocksOf } from "../blocks.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { checked } from "../check.js";
import { grid, gridRow, LARGEST_GRID, sign } from "../grids.js";
import { legendOf, mapOf, mapRow, planesOf } from "../maps.js";
import { addressWithValue, explained, followedCell, type LayerPlace, tensorOf, valueAt } from "../story.js";
import { channelMap, markOf, tensorMaps } from "../tensorMaps.js";
import { worked } from "../worked.js";
import { passedOn } from "./anyLayer.js";

export const maxPool2dChapters: LayerChapters = { forward, backward };

function forward(place: LayerPlace<MaxPool2d>): Partial<Telling> {
  const { story, layer, input, output } = place;
  const pool = layer.resolved;
  const share = tensorOf(story, output).data.length / tensorOf(story, input).data.length;
  return {
    title: "Of each window only the largest number goes on",
    body: [
      html`<p>Whether a pattern was found matters more than exactly where. The maps become smaller (${percent(share)} of the numbers are left), so what follows costs less, and a picture that is shifted by a pixel looks nearly the same.${overlaps(pool) && " Here the windows overlap: a cell can win more than once."}</p>`,
      formula(
        [
          [
            indexed(
              "y",
              [..."cij"].map((name) => letter(name)),
              "output",
            ),
            operator("="),
          ],
          [
            maximumOver(list(["u", "v"])),
            indexed(
              "x",
              [
                letter("c"),
                placeUnder("i", "u", pool.stride[0], 1, pool.padding[0]),
                placeUnder("j", "v", pool.stride[1], 1, pool.padding[3]),
              ],
              "input",
            ),
          ],
        ],
        html`the largest <span class="input">x</span> of window (i, j) of map c, whose cells are counted by (u, v)`,
      ),
      winnerMaps(place),
      example(place, pool),
      tensorMaps(story, output, {
        caption: `The winners alone: ${counted(pool.outputShape[0], "map")} of ${times(pool.outputShape.slice(1))}.`,
      }),
    ],
  };
}

function backward(place: LayerPlace<MaxPool2d>): Partial<Telling> {
  const { story, layer, back, output } = place;
  const pool = layer.resolved;
  const cell = followedCell(story, output);
  const window = windowOf(place, cell);
  const loser = window.find(({ label }) => label === "lost");
  return {
    title: "The whole gradient goes to the winner",
    body: [
      html`<p>If a loser grew by a little it would still lose, what comes out would stay the same, and so would the loss: its slope is 0. If the winner grows, what comes out grows just as much. So the gradient is handed on undivided, to one cell of each window.${overlaps(pool) && " Where windows overlap, a cell that won several gets the gradient of each."}</p>`,
      worked(html`By hand: the window of <code>${output}[${cell.index.join(", ")}]</code>`, [
        html`<p>The gradient that arrives for what came out of this window is ${short(valueAt(story, { ...cell, tensor: `grad.${output}` }))}.</p>`,
        windowGrids(place, window),
        checked(story, followedCell(story, back)),
        loser?.cell && checked(story, { ...loser.cell, tensor: back }),
      ]),
      passedOn(
        place,
        back,
        "What goes on to the layer before: the gradient at the places of the winners, zero elsewhere.",
      ),
    ],
  };
}

function overlaps({ kernel, stride }: MaxPool2d): boolean {
  return stride[0] < kernel[0] || stride[1] < kernel[1];
}

/** The numbers under a window: the winner, and those that lost. */
function windowOf({ story }: LayerPlace, cell: Cell): Factor[] {
  const { terms, others } = explained(story, cell);
  return [...terms.flatMap(({ factors }) => factors), ...others];
}

/** What came in of the followed channel, the same with the losers taken away, and what comes out. */
function winnerMaps(place: LayerPlace<MaxPool2d>): Markup {
  const { story, layer, input, output } = place;
  const pool = layer.resolved;
  const [, channel, i, j] = followedCell(story, output).index;
  const [row, column] = pixelUnder(pool, [i, j], [0, 0]);
  const window = { row, column, height: pool.kernel[0], width: pool.kernel[1] };
  const before = channelMap(story, input, channel, [window], html`<code>${input}</code>, map ${channel}`);
  const plane = planesOf(tensorOf(story, input))[channel];
  const winners = new Float64Array(plane.values.length).fill(Number.NaN);
  const [, rows, columns] = pool.outputShape;
  for (let k = 0; k < rows * columns; k++) {
    const index = [0, channel, Math.floor(k / columns), k % columns];
    const [winner] = explained(story, { tensor: output, index }).terms[0].factors;
    const [, , p, q] = winner.cell?.index ?? [];
    winners[p * plane.width + q] = winner.value;
  }
  return mapRow(
    [
      before.map,
      html`<span class="sign">→</span>`,
      mapOf({ ...plane, values: winners }, before.scale, {
        name: `the winners of ${input}, map ${channel}`,
        marks: [window],
        caption: "the winners, where they stood",
        width: 208,
      }),
      html`<span class="sign">→</span>`,
      channelMap(
        story,
        output,
        channel,
        [markOf(followedCell(story, output))],
        html`<code>${output}</code>, map ${channel}`,
      ).map,
    ],
    legendOf(before.scale, html`<code>${input}</code>`),
    "In the middle, the losers are left out (blank).",
  );
}

function example(place: LayerPlace, pool: MaxPool2d): Markup {
  const { story, output } = place;
  const cell = followedCell(story, output);
  const explanation = explained(story, cell);
  const window = windowOf(place, cell);
  return worked(html`By hand: ${addressWithValue(story, cell)}`, [
    html`<p>${explanation.says}</p>`,
    Math.max(...pool.kernel) <= LARGEST_GRID && valueGrid(place, window, "what lies under the window"),
  ]);
}

/** The numbers of a window in their places, the winner set off. */
function valueGrid({ story, input }: LayerPlace, window: readonly Factor[], caption: string): Content {
  const rows = inPlaces(window, input);
  const winner = window.find(({ label }) => label !== "lost");
  return grid({
    caption,
    role: "input",
    values: rows.map((row) => row.map((factor) => factor?.value)),
    format: formatFor(window.map(({ value }) => value)),
    scale: scaleOf(input, tensorOf(story, input).data),
    chosen: (i, j) => rows[i][j] === winner,
  });
}

/** The numbers of a window, and the gradient of each. */
function windowGrids(place: LayerPlace, window: readonly Factor[]): Content {
  const { story, input, back: name } = place;
  const rows = inPlaces(window, input);
  if (Math.max(rows.length, rows[0].length) > LARGEST_GRID) return undefined;
  const winner = window.find(({ label }) => label !== "lost");
  const gradients = rows.map((row) =>
    row.map((factor) => factor?.cell && valueAt(story, { ...factor.cell, tensor: name })),
  );
  return gridRow([
    valueGrid(place, window, "what lay under the window"),
    sign("→"),
    grid({
      caption: "gradient of each",
      role: "gradient",
      values: gradients,
      format: formatFor(gradients.flat().map((value) => value ?? 0)),
      scale: scaleOf(name, tensorOf(story, name).data),
      chosen: (i, j) => rows[i][j] === winner,
    }),
  ]);
}

function inPlaces(window: readonly Factor[], tensor: string): (Factor | undefined)[][] {
  const terms = window.map((factor) => ({ factors: [factor], value: factor.value }));
  const [{ rows }] = blocksOf(terms, { tensor, axis: 1 });
  return rows.map((row) => row.map((term) => term?.factors[0]));
}
