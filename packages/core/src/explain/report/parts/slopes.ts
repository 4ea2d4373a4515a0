import { type Cell, offsetOf } from "../../../cell.js";
import { type Content, html, type Markup } from "../../../html.js";
import { FIRST_STEP } from "../../../layers/layer.js";
import { meanLoss } from "../../../losses/loss.js";
import { fixed, magnitudeOf, short, whole } from "../../../presentation/numbers.js";
import { logits } from "../../../reference/trace.js";
import { copyOf } from "../../../tensor.js";
import { table } from "../grids.js";
import { address, followedCell, type Story, valueAt } from "../story.js";

/** What a gradient is, by trying: the opening of the way back. */
export function slopesPart(story: Story): Markup {
  const { parameters, parameterCount } = story.trace.model;
  const [first] = parameters;
  return html`<section class="part backward" id="backward"><p class="eyebrow">← the way back</p><h2>What has each number to do with the loss?</h2><p class="lead">If a weight were a little larger, would the loss be larger or smaller, and by how much? The answer is a slope, and the slopes of all numbers are called the gradient.</p>${first && trial(story, followedCell(story, first.fullName))}<p><b>How all slopes are found at once.</b> Begin at the end: how the loss depends on the scores is easy to say. Then go back layer by layer. If the loss changes by <em>g</em> for a little of what a layer gave out, and the layer gives out <em>w</em> more for a little more of what came in, then the loss changes by <em>w · g</em> for a little of what came in: slopes that follow each other are multiplied. Where a number went several ways, the slopes of all the ways are added. That is all there is to it (the <dfn>chain rule</dfn>, or backpropagation).</p><p>So every layer answers the same two questions, from the gradient of what it gave out: what is the gradient of its own weights, and what is the gradient of what came in, for the layer before? It takes about twice the work of the way forward for the slopes of all ${whole(parameterCount)} parameters.</p><p>Gradients are drawn from blue to orange. <b>Orange</b>, above zero: the loss would grow if this number grew. <b>Blue</b>, below zero: it would shrink. A learning step goes the other way.</p></section>`;
}

/** A weight changed by smaller and smaller amounts: the change of the loss, per change of the weight, settles down. */
function trial(story: Story, cell: Cell): Content {
  const { loss } = story.trace;
  const changes = [1, 0.1, 0.01, 0.001];
  const trials = changes.map((change) => {
    const above = lossWith(story, cell, change);
    return { change, above, slope: (above - loss) / change };
  });
  const smallest = Math.min(...trials.map(({ above }) => Math.abs(above - loss) || Infinity));
  const losses = {
    exponent: 0,
    decimals: Number.isFinite(smallest) ? Math.max(4, Math.min(14, 2 - magnitudeOf(smallest))) : 4,
  };
  return [
    html`<p>Take the weight ${address(cell)}: it is ${short(valueAt(story, cell), 4)}, and the loss is ${fixed(loss, losses)}. Make it larger and work everything out again:</p>`,
    table(
      ["the weight grows by", "the loss becomes", "it grows by", "that is, per change of the weight"],
      trials.map(({ change, above, slope }) => ({
        cells: [String(change), fixed(above, losses), fixed(above - loss, losses), short(slope, 4)],
      })),
      ["n", "n", "n", "n"],
    ),
    html`<p>The smaller the change, the less the last column depends on it. What it settles on is the <dfn>slope</dfn> of the loss along this weight. The way back finds ${short(valueAt(story, { ...cell, tensor: `grad.${cell.tensor}` }), 4)}, without trying.</p>`,
  ];
}

/** The loss if a parameter were larger. */
function lossWith(
  { trace: { model, tensors, labels, circumstances = FIRST_STEP } }: Story,
  { tensor, index }: Cell,
  change: number,
): number {
  const changed = copyOf(tensors[tensor]);
  changed.data[offsetOf(changed.shape, index)] += change;
  const scores = logits(model, { ...tensors, [tensor]: changed }, tensors.x, circumstances);
  return meanLoss(model.loss, scores, labels);
}
