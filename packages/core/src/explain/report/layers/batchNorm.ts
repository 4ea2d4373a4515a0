import { html, type Markup } from "../../../html.js";
import type { BatchNorm } from "../../../layers/batchStatistics.js";
import { brackets, formula, fraction, letter, number, operator } from "../../../presentation/mathml.js";
import { short, whole } from "../../../presentation/numbers.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { costOf } from "../chapter.js";
import { table } from "../grids.js";
import { address, addressWithValue, followedCell, type LayerPlace, named, once, valueAt } from "../story.js";
import { tensorMaps } from "../tensorMaps.js";
import { worked } from "../worked.js";
import { byHand, parameterPart, passedOn } from "./anyLayer.js";

/* A report tells of one image as it is predicted: what a batch does in training is told in words and formulas. */

export const batchNormChapters: LayerChapters = { forward, backward };

const [x, y, g] = [letter("x", "input"), letter("y", "output"), letter("g", "gradient")];
const weight = letter("weight", "weight");
const xhat = html`<mover>${x}<mo>^</mo></mover>`;
const deviation = html`<msqrt>${letter("variance")}${operator("+")}${letter("eps")}</msqrt>`;
const mean = (of: Markup | readonly Markup[]) => [fraction(number(1), letter("m")), operator("∑"), of];

function forward(place: LayerPlace<BatchNorm>): Partial<Telling> {
  const { story, layer, output } = place;
  const cell = followedCell(story, output);
  return {
    title: "Every channel gets a mean and a spread that are its own choice",
    body: [
      once(
        story,
        "batch norm",
        html`<p>Training changes all layers at once, so what comes into a layer would grow, shrink and move from step to step. This layer takes that away. In training it looks at all m numbers of a channel, over all images of the batch and all places:</p>${formula(
          [
            [letter("mean"), operator("="), mean(x)],
            [
              html`<mspace width="1.5em"></mspace>`,
              letter("variance"),
              operator("="),
              mean([
                html`<msup><mrow>${brackets([x, operator("−"), letter("mean")])}</mrow><mn>2</mn></msup>`,
              ]),
            ],
          ],
          "the mean, and the mean of the squared distances from it",
        )}<p>From each batch a part, the momentum, is mixed into a <dfn>running mean</dfn> and a running variance. One image that is to be predicted has no batch, so these take its place: they are constants here.</p>`,
      ),
      formula(
        [
          [xhat, operator("="), fraction([x, operator("−"), letter("mean")], deviation)],
          [
            html`<mspace width="1.5em"></mspace>`,
            y,
            operator("="),
            weight,
            xhat,
            operator("+"),
            letter("bias", "bias"),
          ],
        ],
        html`first mean 0 and spread 1, then what the channel's own weight and bias say; eps, ${place.layer.resolved.eps}, keeps the division away from 0`,
      ),
      worked(html`By hand: ${addressWithValue(story, cell)}`, inSteps(place)),
      tensorMaps(story, output, { caption: "What comes out." }),
      costOf(story, "All its products together", layer.multiplyAdds.forward),
    ],
  };
}

/** From what came in to what goes out, an operation in each line. */
function inSteps(place: LayerPlace<BatchNorm>): Markup {
  const { story, layer, input, output } = place;
  const { eps } = place.layer.resolved;
  const cell = followedCell(story, output);
  const ofChannel = (name: string) => ({ tensor: `${layer.name}.${name}`, index: [cell.index[1]] });
  const value = (name: string) => valueAt(story, ofChannel(name));
  const from = { ...cell, tensor: input };
  const centred = valueAt(story, from) - value("running_mean");
  const spread = Math.sqrt(value("running_var") + eps);
  const normalised = centred / spread;
  const scaled = normalised * value("weight");
  const rows: [Markup | string, Markup | string, number][] = [
    ["what came in", address(from), valueAt(story, from)],
    ["less the mean", html`${address(ofChannel("running_mean"))} = ${short(value("running_mean"))}`, centred],
    [
      "divided by the deviation",
      html`√(${address(ofChannel("running_var"))} + eps) = √(${short(value("running_var"))} + ${eps}) = ${short(spread)}`,
      normalised,
    ],
    ["times the weight", html`${address(ofChannel("weight"))} = ${short(value("weight"))}`, scaled],
    ["plus the bias", html`${address(ofChannel("bias"))} = ${short(value("bias"))}`, scaled + value("bias")],
  ];
  return table(
    ["", "", "gives"],
    rows.map(([what, made, result]) => ({ cells: [what, made, short(result)] })),
    ["text", "text", "n"],
  );
}

function backward(place: LayerPlace<BatchNorm>): Partial<Telling> {
  const { story, layer } = place;
  const { places } = place.layer.resolved;
  return {
    title: "What would only move or stretch a whole channel comes to nothing",
    body: [
      once(
        story,
        "batch norm back",
        html`<p>In training every number of a channel goes into its mean and its variance, and with them into every output. So what comes back has three terms: the gradient itself, less what the mean takes away, less what the variance does.</p>${formula(
          [
            [
              fraction([html`<mo>∂</mo>`, letter("L")], [html`<mo>∂</mo>`, x]),
              operator("="),
              fraction(weight, deviation),
            ],
            [
              html`<mo stretchy="false">(</mo>`,
              g,
              operator("−"),
              mean(g),
              operator("−"),
              xhat,
              mean([g, xhat]),
              html`<mo stretchy="false">)</mo>`,
            ],
          ],
          html`<span class="gradient">g</span> is the gradient that arrives; the sums are over the channel, in all images`,
        )}<p>The second term is the mean of the gradients: if all outputs of the channel ask for the same, the layer can't give it, since it sets their mean. The third is as much of the gradient as points along the numbers themselves: it sets their spread, too. <b>Here</b>, with running statistics, both are constants and nothing is taken away: the gradient is times weight / deviation.</p>`,
      ),
      layer.parameters.map(({ name }) => parameterPart(place, name)),
      places > 1 &&
        html`<p>The bias and the weight of a channel collect from its ${whole(places)} places in ${named(layer.output)}.</p>`,
      place.backs.map((back) => [byHand(place, back), passedOn(place, back)]),
    ],
  };
}
