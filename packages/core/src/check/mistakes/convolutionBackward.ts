import type { Conv2d } from "../../layers/conv2d.js";
import { meetingsOf } from "../../layers/window.js";
import { type Tensor, zeros } from "../../tensor.js";
import type { NetworkLayer } from "../network.js";
import type { Run } from "../run.js";
import { weightOf } from "./convolutionForward.js";
import { at, atLayers, type Mistake } from "./mistake.js";
import {
  flipped,
  gradientOf,
  inputGradientWith,
  mappedByIndex,
  only,
  parameterGradientWith,
  picked,
  scaled,
} from "./tools.js";

const weightGradient = (layer: NetworkLayer) => `grad.${layer.parameters[0].name}`;

export const kernelNotFlippedBackward: Mistake = {
  name: "kernel-not-flipped-backward",
  why: "What comes back is what a kernel that lies the other way round would give. Whoever adds the kernel as a stamp for each output must leave it as it is; only whoever slides it over the padded gradients has to turn it by 180 degrees, once.",
  fix: "dx[n, c, i+u, j+v] += w[o, c, u, v] * dy[n, o, i, j]  # or correlate the padded dy with w[o, c, ::-1, ::-1]",
  variations: atLayers<Conv2d>("conv2d", (layer) => [
    at(layer.inputGradients[0], (run) =>
      inputGradientWith(layer, run, { weight: flipped(weightOf(layer, run)) }),
    ),
  ]),
};

export const imageFlipped: Mistake = {
  name: "image-flipped-in-gradient",
  why: "The gradient of the kernel is computed with the image turned by 180 degrees; neither the image nor the output gradients are turned in a correlation.",
  fix: "dw[o, c, u, v] += np.sum(x[n, c, u:u+I, v:v+J] * dy[n, o])  # x, not x[:, ::-1, ::-1]",
  variations: atLayers<Conv2d>("conv2d", (layer) => [
    at(weightGradient(layer), (run) =>
      parameterGradientWith(layer, "weight", run, { x: flipped(run.tensor(layer.inputs[0])) }),
    ),
  ]),
};

export const kernelGradientFlipped: Mistake = {
  name: "kernel-gradient-flipped",
  why: "The gradient of the kernel comes out turned by 180 degrees; the pixels and the output gradients have to be correlated, not convolved.",
  fix: "dw[o, c, u, v] += np.sum(x[n, c, u:u+I, v:v+J] * dy[n, o])",
  variations: atLayers<Conv2d>("conv2d", (layer) => [
    at(weightGradient(layer), (_, right) => flipped(right())),
    at(weightGradient(layer), (run) => {
      const g = gradientOf(layer, run);
      return parameterGradientWith(layer, "weight", run, { g: flipped(g) });
    }),
  ]),
};

/** The input gradient if each window's share replaces what others left there. */
function lastWindowWins(layer: NetworkLayer & { readonly resolved: Conv2d }, run: Run, g: Tensor): Tensor {
  const w = weightOf(layer, run);
  const [, C, U, V] = w.shape;
  const [, O, I, J] = g.shape;
  const x = zeros([g.shape[0], ...layer.resolved.inputShape], "float64");
  return mappedByIndex(x, (_, [n, c, p, q]) => {
    const [last] = meetingsOf(layer.resolved, [p, q]); // the first cell of a kernel that comes by is in the last window
    if (!last) return 0;
    const [[u, v], [i, j]] = [last.window, last.output];
    let sum = 0;
    for (let o = 0; o < O; o++) {
      sum += w.data[((o * C + c) * U + u) * V + v] * g.data[((n * O + o) * I + i) * J + j];
    }
    return sum;
  });
}

export const windowsOverwritten: Mistake = {
  name: "windows-overwritten",
  why: "Where windows overlap, each one's gradient replaces the one before, but a pixel that went into several outputs gets a share from all.",
  fix: "dx[n, :, i:i+kh, j:j+kw] += w[o] * dy[n, o, i, j]  # += over i and j, not =",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [O] = layer.resolved.outputShape;
    const at_ = (g: (run: Run) => Tensor) =>
      at(layer.inputGradients[0], (run) => lastWindowWins(layer, run, g(run)));
    return [
      at_((run) => gradientOf(layer, run)),
      at_((run) => only(gradientOf(layer, run), ([, o]) => o === O - 1)),
    ];
  }),
};

export const filtersOverwritten: Mistake = {
  name: "filters-overwritten",
  why: "Each filter's gradient replaces the one before, but a pixel went into the outputs of all filters.",
  fix: "dx[n, c] += full_convolve(dy[n, o], w[o, c])  # += over o, not =",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [O] = layer.resolved.outputShape;
    if (O === 1) return [];
    return [O - 1, 0].map((kept) =>
      at(layer.inputGradients[0], (run) =>
        inputGradientWith(layer, run, { g: only(gradientOf(layer, run), ([, o]) => o === kept) }),
      ),
    );
  }),
};

export const filtersAveraged: Mistake = {
  name: "filters-averaged",
  why: "The shares of the filters are averaged, but a pixel's gradient is their sum.",
  fix: "dx[n] += w[o] * dy[n, o, i, j]  # the sum over o",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [O] = layer.resolved.outputShape;
    return O === 1 ? [] : [at(layer.inputGradients[0], (_, right) => scaled(right(), 1 / O))];
  }),
};

export const positionsOverwritten: Mistake = {
  name: "positions-overwritten",
  why: "Each position's gradient replaces the one before, but a weight was used at all positions of all images.",
  fix: "dw[o] += x[n, :, i:i+kh, j:j+kw] * dy[n, o, i, j]  # += over n, i and j, not =",
  variations: atLayers<Conv2d>("conv2d", (layer, { images }) => {
    const [, I, J] = layer.resolved.outputShape;
    const keeps: ((index: readonly number[]) => boolean)[] = [
      ([n, , i, j]) => n === images - 1 && i === I - 1 && j === J - 1,
      ([, , i, j]) => i === I - 1 && j === J - 1,
      ([n, , i]) => n === images - 1 && i === I - 1,
      ([, , i]) => i === I - 1,
      ([, , , j]) => j === J - 1,
    ];
    return keeps.flatMap((keep) =>
      (["weight", "bias"] as const).flatMap((which, k) =>
        layer.parameters[k]
          ? [
              at(`grad.${layer.parameters[k].name}`, (run) =>
                parameterGradientWith(layer, which, run, { g: only(gradientOf(layer, run), keep) }),
              ),
            ]
          : [],
      ),
    );
  }),
};

export const positionsAveraged: Mistake = {
  name: "positions-averaged",
  why: "The gradient of a weight is the sum over all positions where it was used, not their mean.",
  fix: "dw[o, c, u, v] = np.sum(x[:, c, u:u+I, v:v+J] * dy[:, o])  # np.sum, not np.mean",
  variations: atLayers<Conv2d>("conv2d", (layer, { images }) => {
    const [, I, J] = layer.resolved.outputShape;
    return [I * J, I * J * images].map((count) =>
      at(weightGradient(layer), (_, right) => scaled(right(), 1 / count)),
    );
  }),
};

export const channelsMixed: Mistake = {
  name: "channels-mixed",
  why: "Every input channel gets the same gradient, but each has met weights of its own.",
  fix: "dw[o, c, u, v] += x[n, c, i+u, j+v] * dy[n, o, i, j]  # c on both sides",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [C] = layer.resolved.inputShape;
    if (C === 1) return [];
    const sum = (t: Tensor, factor: number) =>
      mappedByIndex(t, (_, [o, , u, v]) => {
        let value = 0;
        for (let c = 0; c < C; c++) value += factor * t.data[((o * C + c) * t.shape[2] + u) * t.shape[3] + v];
        return value;
      });
    const copy = (t: Tensor, chosen: number) => picked(t, t.shape, ([o, , u, v]) => [o, chosen, u, v]);
    return [layer.inputGradients[0], weightGradient(layer)].flatMap((name) => [
      at(name, (_, right) => sum(right(), 1)),
      at(name, (_, right) => sum(right(), 1 / C)),
      at(name, (_, right) => copy(right(), 0)),
      at(name, (_, right) => copy(right(), C - 1)),
    ]);
  }),
};
