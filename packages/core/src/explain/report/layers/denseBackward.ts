import { type Content, html, type Markup } from "../../../html.js";
import type { Term } from "../../../layers/explain/explanation.js";
import { signedScaleFor } from "../../../presentation/colours.js";
import { formula, indexed, letter, operator, slope, sumOver } from "../../../presentation/mathml.js";
import { counted, whole } from "../../../presentation/numbers.js";
import type { Telling } from "../chapter.js";
import { checked } from "../check.js";
import { legendOf, mapOf, mapRow, planesOf } from "../maps.js";
import {
  addressWithValue,
  followedCell,
  imageShapeBehind,
  isLast,
  type LayerPlace,
  nameOf,
  tensorOf,
} from "../story.js";
import { strongest } from "../tensorMaps.js";
import { termTable, worked } from "../worked.js";
import { byHand, parameterPart, passedOn } from "./anyLayer.js";

/* A dense layer on the way back: its weights, its biases, what came in. */

export function backward(place: LayerPlace): Partial<Telling> {
  const { layer, back } = place;
  const [inputs] = layer.inputShape;
  const [units] = layer.outputShape;
  const bias = layer.parameters.some(({ name }) => name === "bias");
  return {
    title: "Each weight: what came in, times what comes back",
    body: [
      html`<p>${counted(units, "gradient")} arrive${units === 1 && "s"} here. From ${units === 1 ? "it" : "them"} the layer makes ${whole(units * inputs)} for its weights${bias && `, ${whole(units)} for its biases`} and ${whole(inputs)} for what came in.</p>`,
      html`<h3>The weights</h3>`,
      formula(
        [
          [slope(indexed("w", [letter("o"), letter("k")], "weight")), operator("=")],
          [indexed("g", [letter("o")], "gradient"), operator("·"), indexed("x", [letter("k")], "input")],
        ],
        html`<span class="gradient">g</span> the gradient that arrives for output o, <span class="input">x</span> what came in at place k`,
      ),
      byHand(place, `grad.${layer.name}.weight`),
      html`<p>What came in as 0 had no part in the sum: its weight has the gradient 0 and stays as it is.</p>`,
      weightMaps(place),
      bias && parameterPart(place, "bias"),
      html`<h3>What came in</h3><p>Every number that came in went into all ${whole(units)} sums, each time through another weight. So the loss depends on it in ${counted(units, "way")} at once, and these add up.</p>`,
      formula(
        [
          [slope(indexed("x", [letter("k")], "input")), operator("=")],
          [
            sumOver(letter("o")),
            indexed("w", [letter("o"), letter("k")], "weight"),
            operator("·"),
            indexed("g", [letter("o")], "gradient"),
          ],
        ],
        "The same weights as on the way forward, but summed over the outputs instead of the inputs: the matrix is used transposed.",
      ),
      inputExample(place),
      passedOn(place, back),
    ],
  };
}

/** The gradient of the followed unit's weights, laid out as the maps that were flattened. */
function weightMaps(place: LayerPlace): Content {
  const { story, layer } = place;
  const shape = imageShapeBehind(story.trace, place.input);
  if (shape === undefined) return undefined;
  const [inputs] = layer.inputShape;
  const name = `grad.${layer.name}.weight`;
  const [unit] = followedCell(story, name).index;
  const data = tensorOf(story, name).data.subarray(unit * inputs, (unit + 1) * inputs);
  const planes = planesOf({ shape, data });
  const scale = signedScaleFor([data]);
  const shown = strongest(planes, 0, 8);
  return mapRow(
    shown.map((c) => mapOf(planes[c], scale, { name: `${name}[${unit}], map ${c}`, caption: `${c}` })),
    legendOf(scale, html`<code>${name}[${unit}]</code>`),
    `The gradient of all weights of output ${unit}, as maps: what came in, scaled by one number.${shown.length < planes.length ? ` ${shown.length} of ${planes.length} maps.` : ""}`,
  );
}

function inputExample(place: LayerPlace): Markup {
  const { story, back, output } = place;
  const cell = followedCell(story, back);
  const name = ({ factors }: Term): Content => {
    const unit = factors.find(({ cell }) => cell?.tensor === `grad.${output}`)?.cell?.index[1] ?? 0;
    return isLast(place) ? `through the score of “${nameOf(story, unit)}”` : `through output ${unit}`;
  };
  return worked(html`By hand: ${addressWithValue(story, cell)}`, [
    html`<p>Each line: the weight between the two, times the gradient that arrives there.</p>`,
    termTable(story, cell, name),
    checked(story, cell),
  ]);
}
