import { html, type Markup } from "../../../html.js";
import { scaleOf } from "../../../presentation/colours.js";
import { formula, indexed, letter, operator } from "../../../presentation/mathml.js";
import { counted, short, times, whole } from "../../../presentation/numbers.js";
import { explain } from "../../explain.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { legendOf, mapOf, mapRow, planesOf } from "../maps.js";
import { address, addressWithValue, followedCell, type LayerPlace, tensorOf } from "../story.js";
import { strongest, tensorMaps } from "../tensorMaps.js";
import { worked } from "../worked.js";

export const flattenChapters: LayerChapters = { forward, backward };

function forward(place: LayerPlace): Telling {
  const { story, layer, input, output } = place;
  const [C, H, W] = layer.inputShape;
  const [count] = layer.outputShape;
  const cell = followedCell(story, output);
  const [, c, p, q] = followedCell(story, input).index;
  const isImage = layer.inputShape.length === 3;
  return {
    kind: "from maps to one row",
    title: "The numbers are written in one row",
    lead: isImage
      ? `The ${counted(C, "map")} of ${times([H, W])} cells become one row of ${whole(count)} numbers: map by map, line by line, as one reads. No number changes.`
      : "What comes in is one row already, so nothing changes at all.",
    body: isImage && [
      html`<p>The layers that follow look at all numbers at once, so it no longer matters which were neighbours; only that every number always has the same place.</p>`,
      formula(
        [
          [
            indexed("y", [letter("k")], "output"),
            operator("="),
            indexed(
              "x",
              [..."cpq"].map((name) => letter(name)),
              "input",
            ),
          ],
          [
            html`<mtext>with&nbsp;</mtext>`,
            letter("k"),
            operator("="),
            html`<mo stretchy="false">(</mo>`,
            letter("c"),
            operator("·"),
            html`<mn>${H}</mn>`,
            operator("+"),
            letter("p"),
            html`<mo stretchy="false">)</mo>`,
            operator("·"),
            html`<mn>${W}</mn>`,
            operator("+"),
            letter("q"),
          ],
        ],
        "c counts maps, p rows, q columns, k places in the long row; all from 0",
      ),
      rowPicture(place, output),
      worked(html`By hand: ${addressWithValue(story, cell)}`, [
        html`<p>It comes from map ${c}, row ${p}, column ${q}: (${c} · ${H} + ${p}) · ${W} + ${q} = ${cell.index[1]}. ${address(followedCell(story, input))} is ${short(explain(story.trace, cell).value)}, too.</p>`,
      ]),
    ],
  };
}

function backward(place: LayerPlace): Telling {
  const { story, layer, input, output } = place;
  const cell = followedCell(story, `grad.${input}`);
  return {
    kind: "from one row to maps",
    title: "Every gradient goes back to its place",
    lead: `Nothing was calculated on the way forward, only places changed; so the row of ${whole(layer.outputShape[0])} gradients is cut into maps again, ${times(layer.inputShape)}.`,
    body: [
      worked(html`By hand: ${addressWithValue(story, cell)}`, [
        html`<p>${explain(story.trace, cell).says} It is ${address(followedCell(story, `grad.${output}`))}.</p>`,
      ]),
      tensorMaps(story, `grad.${input}`, { caption: "The same gradients as maps again." }),
    ],
  };
}

/** The long row as a picture: a line for each map. */
function rowPicture({ story, layer, input, output }: LayerPlace, name: string): Markup {
  const [, H, W] = layer.inputShape;
  const tensor = tensorOf(story, name);
  const scale = scaleOf(name, tensor.data);
  const [, chosen, p, q] = followedCell(story, input).index;
  const planes = planesOf(tensorOf(story, input));
  const shown = strongest(planes, chosen, 8);
  return mapRow(
    shown.map((c) =>
      mapOf({ height: 1, width: H * W, values: planes[c].values }, scale, {
        name: `${output}, numbers ${c * H * W} to ${(c + 1) * H * W - 1}`,
        width: Math.min(676, Math.max(H * W, 338)),
        caption: `${whole(c * H * W)} to ${whole((c + 1) * H * W - 1)}: map ${c}`,
        look: "strip",
        marks: c === chosen ? [{ row: 0, column: p * W + q, height: 1, width: 1 }] : [],
      }),
    ),
    legendOf(scale, html`<code>${name}</code>`),
    html`The row, broken where a map ends${shown.length < planes.length && `; ${shown.length} of ${planes.length} maps`}.`,
  );
}
