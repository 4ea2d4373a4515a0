import { maskOf } from "../dropoutSteps.js";
import type { NetworkLayer } from "../network.js";
import type { Run, Variation } from "../run.js";
import { mapped } from "../value.js";
import { at, atLayers, type Mistake, together } from "./mistake.js";
import { gradientOf, inputOf } from "./tools.js";

/* Dropout: what is dropped is read from the file, what it is multiplied with is known then. */

const times = (layer: NetworkLayer, factor: (kept: number, right: number, own: number) => number) => ({
  output: at(layer.output, (run: Run) => {
    const { kept, rightFactor, factor: own } = maskOf(layer, run);
    return mapped(inputOf(layer, run), (x, k) => (x === 0 ? 0 : x * factor(kept[k], rightFactor, own)));
  }),
  back: at(layer.inputGradients[0], (run: Run) => {
    const { kept, rightFactor, factor: own } = maskOf(layer, run);
    const yours = run.given.get(layer.inputGradients[0])?.tensor.data;
    // where 0 came in nobody can tell what was dropped, but by the gradient
    const factorAt = (k: number) => {
      if (!Number.isNaN(kept[k])) return factor(kept[k], rightFactor, own);
      return yours?.[k] === 0 ? 0 : factor(1, rightFactor, own) || factor(0, rightFactor, own);
    };
    return mapped(gradientOf(layer, run), (g, k) => g * factorAt(k));
  }),
});

const atDropouts = (variations: (layer: NetworkLayer) => Variation[]) => atLayers("dropout", variations);

export const notScaled: Mistake = {
  name: "dropout-not-scaled",
  why: "What is kept isn't divided by 1 - rate, so that it is smaller in training than afterwards; right only if everything is multiplied by 1 - rate in use.",
  fix: "mask = (np.random.rand(*x.shape) >= rate) / (1 - rate); y = x * mask",
  variations: atDropouts((layer) => {
    const { output, back } = times(layer, (kept) => kept);
    return [output, together(output, back)];
  }),
};

export const wrongScale: Mistake = {
  name: "dropout-wrong-scale",
  why: "What is kept is multiplied by another number than 1 / (1 - rate), rate being the share that is dropped: such as 1 / rate, or 1 - rate.",
  fix: "y = x * mask / (1 - rate)  # rate: the share that is dropped",
  variations: atDropouts((layer) => {
    const { output, back } = times(layer, (kept, _, own) => kept * own);
    return [output, together(output, back)];
  }),
};

export const maskNotApplied: Mistake = {
  name: "dropout-mask-left-out-backward",
  why: "The gradient passes everywhere, but a number that was dropped has not moved the output.",
  fix: "dx = dy * mask  # the mask of the way forward",
  variations: atDropouts((layer) => [times(layer, () => 1).back, times(layer, (_, right) => right).back]),
};

export const scaleForgotten: Mistake = {
  name: "dropout-scale-left-out-backward",
  why: "The gradient of what was kept isn't divided by 1 - rate, as the number itself was.",
  fix: "dx = dy * mask / (1 - rate)  # or a mask that holds 1 / (1 - rate)",
  variations: atDropouts((layer) => [
    times(layer, (kept) => kept).back,
    times(layer, (kept, right) => kept * right * right).back,
    times(layer, (kept, right) => kept / right).back,
  ]),
};

export const maskInverted: Mistake = {
  name: "dropout-mask-inverted-backward",
  why: "The gradient passes where numbers were dropped, and not where they were kept.",
  fix: "dx = dy * mask  # the mask of the way forward, not 1 - mask",
  variations: atDropouts((layer) => [
    times(layer, (kept) => 1 - kept).back,
    times(layer, (kept, right) => (1 - kept) * right).back,
  ]),
};
