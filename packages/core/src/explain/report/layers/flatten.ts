import { html, type Markup } from "../../../html.js";
import { scaleOf } from "../../../presentation/colours.js";
import { formula, indexed, letter, operator } from "../../../presentation/mathml.js";
import { short, whole } from "../../../presentation/numbers.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { legendOf, mapOf, mapRow, planesOf } from "../maps.js";
import { address, addressWithValue, explained, followedCell, type LayerPlace, tensorOf } from "../story.js";
import { strongest } from "../tensorMaps.js";
import { worked } from "../worked.js";

export const flattenChapters: LayerChapters = { forward };

function forward(place: LayerPlace): Partial<Telling> {
  const { story, layer, input, output } = place;
  if (layer.inputShape.length !== 3) return {};
  const [, H, W] = layer.inputShape;
  const cell = followedCell(story, output);
  const [, c, p, q] = followedCell(story, input).index;
  return {
    title: "The numbers are written in one row",
    body: [
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
        html`<p>It comes from map ${c}, row ${p}, column ${q}: (${c} · ${H} + ${p}) · ${W} + ${q} = ${cell.index[1]}. ${address(followedCell(story, input))} is ${short(explained(story, cell).value)}, too.</p>`,
      ]),
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
