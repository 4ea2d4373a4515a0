import { type Cell, indexAt } from "../../../cell.js";
import { type Content, html, type Markup } from "../../../html.js";
import { brackets, formula, letter, operator, slope } from "../../../presentation/mathml.js";
import { counted, percent, short, whole } from "../../../presentation/numbers.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { checked } from "../check.js";
import { table } from "../grids.js";
import { legendOf, mapRow, planeAt } from "../maps.js";
import { reluPlot } from "../plots.js";
import { followedCell, type LayerPlace, named, once, tensorOf, valueAt } from "../story.js";
import { channelMap, markOf, tensorMaps } from "../tensorMaps.js";
import { worked } from "../worked.js";

export const reluChapters: LayerChapters = { forward, backward };

function forward(place: LayerPlace): Partial<Telling> {
  const { story, input, output } = place;
  const { data } = tensorOf(story, input);
  const open = data.filter((value: number) => value > 0).length;
  const cells = [followedCell(story, output), smallest(place)];
  return {
    title: "What is below zero becomes zero",
    body: [
      html`<p>${once(story, "relu", html`Without it two layers after each other would be no more than one: weighted sums of weighted sums are weighted sums. The bend at zero lets the network say “this pattern, or nothing”. `)}Here ${whole(open)} of ${counted(data.length, "number")} pass (${percent(open / data.length)}).</p>`,
      formula(
        [
          [
            letter("y", "output"),
            operator("="),
            letter("max"),
            brackets([html`<mn>0</mn><mo separator="true">,</mo>`, letter("x", "input")]),
          ],
        ],
        html`the larger of 0 and <span class="input">x</span>`,
      ),
      reluPlot(cells.map((cell) => valueAt(story, { ...cell, tensor: input }))),
      worked("By hand: one that passes, and one that doesn’t", passTable(place, cells, [input, output])),
      tensorMaps(story, output, { caption: "What is left: zero is paper, more is ink." }),
    ],
  };
}

function backward(place: LayerPlace): Partial<Telling> {
  const { story, input, back, output } = place;
  const closed = stopped(place);
  const cells = [followedCell(story, output), ...(closed ? [closed] : [])];
  return {
    title: "The gate lets the gradient pass where it was open",
    body: [
      once(
        story,
        "relu back",
        html`<p>Where the gate was shut, a slightly different number would still have been turned into zero: the loss wouldn’t notice, its slope is 0. So the picture of the open gates is a mask that is laid on the gradient. (At exactly zero there is a bend and no slope; like every library we take 0.)</p>`,
      ),
      formula(
        [
          [slope(letter("x", "input")), operator("=")],
          [
            letter("g", "gradient"),
            html`<mtext>&nbsp;where&nbsp;</mtext>`,
            letter("x", "input"),
            html`<mo>&gt;</mo><mn>0</mn>`,
            html`<mtext>, else 0</mtext>`,
          ],
        ],
        html`<span class="gradient">g</span> is the gradient that arrives, <span class="input">x</span> the number that came in on the way forward`,
      ),
      maskMaps(place),
      worked(closed ? "By hand: one that passes, and one that is stopped" : "By hand: one that passes", [
        passTable(place, cells, [input, `grad.${output}`, back]),
        cells.map((cell) => checked(story, { ...cell, tensor: back })),
      ]),
    ],
  };
}

/** A row for each place, a column for each tensor. */
function passTable({ story, input }: LayerPlace, cells: readonly Cell[], names: readonly string[]): Markup {
  const rows = cells.map((cell) => {
    const open = valueAt(story, { ...cell, tensor: input }) > 0;
    return {
      cells: [
        html`<code>[${cell.index.join(", ")}]</code>`,
        ...names.map((tensor) => short(valueAt(story, { ...cell, tensor }))),
        open ? "open" : "shut",
      ],
    };
  });
  return table(["place", ...names.map(named), "gate"], rows, [
    "text",
    ...names.map(() => "n" as const),
    "text",
  ]);
}

/** The gradient that arrives, the gates, and what passes: of the followed channel. */
function maskMaps({ story, back, output }: LayerPlace): Content {
  const cell = followedCell(story, output);
  if (cell.index.length < 3) return tensorMaps(story, back, { caption: "What passes." });
  const channel = planeAt(cell, tensorOf(story, output));
  const [arrives, gates, passes] = [`grad.${output}`, output, back].map((name, k) =>
    channelMap(
      story,
      name,
      channel,
      [markOf(cell)],
      html`${["arrives:", "the gates:", "passes:"][k]} ${named(name)}, map ${channel}`,
    ),
  );
  return mapRow(
    [
      arrives.map,
      html`<span class="sign">×</span>`,
      gates.map,
      html`<span class="sign">→</span>`,
      passes.map,
    ],
    [
      legendOf(arrives.scale, html`<code>grad.${output}</code>`),
      legendOf(gates.scale, html`the gates, shut where <code>${output}</code> is 0`),
      legendOf(passes.scale, named(back)),
    ],
  );
}

/** Where the least comes in. */
function smallest({ story, input }: LayerPlace): Cell {
  const { shape, data } = tensorOf(story, input);
  let at = 0;
  for (let k = 1; k < data.length; k++) if (data[k] < data[at]) at = k;
  return { tensor: input, index: indexAt(shape, at) };
}

/** The shut gate where most of the gradient arrives. */
function stopped({ story, input, output }: LayerPlace): Cell | undefined {
  const { shape, data } = tensorOf(story, input);
  const gradient = tensorOf(story, `grad.${output}`).data;
  let at = -1;
  for (let k = 0; k < data.length; k++) {
    if (data[k] > 0 || gradient[k] === 0) continue;
    if (at < 0 || Math.abs(gradient[k]) > Math.abs(gradient[at])) at = k;
  }
  return at < 0 ? undefined : { tensor: input, index: indexAt(shape, at) };
}
