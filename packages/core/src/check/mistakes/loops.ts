import type { Conv2d } from "../../layers/conv2d.js";
import type { MaxPool2d } from "../../layers/maxPool2d.js";
import type { Tensor } from "../../tensor.js";
import { shortName } from "../layerSteps.js";
import type { NetworkLayer } from "../network.js";
import type { Variation } from "../run.js";
import { mapped } from "../value.js";
import { weightOf } from "./convolutionForward.js";
import { at, atLayers, type Mistake } from "./mistake.js";
import {
  forwardWith,
  gradientOf,
  inputGradientWith,
  mappedByIndex,
  only,
  parameterGradientWith,
  picked,
} from "./tools.js";
import { learningLayers } from "./weightedSums.js";

/* Loops that end too early, begin again too late, or use an index where another one belongs. */

type Keep = (index: readonly number[]) => boolean;

/** A layer's arrays computed from a part of what comes in or back. */
function withKept(layer: NetworkLayer, keep: Keep): Variation[] {
  const g = (run: Parameters<typeof gradientOf>[1]) => ({ g: only(gradientOf(layer, run), keep) });
  return [
    at(layer.output, (_, right) => only(right(), keep)),
    at(layer.inputGradients[0], (run) => inputGradientWith(layer, run, g(run))),
    ...layer.parameters.map(({ name }) =>
      at(`grad.${name}`, (run) => parameterGradientWith(layer, shortName(name), run, g(run))),
    ),
  ];
}

/** The layers whose loops go over windows of an image. */
const windowed = (layers: readonly NetworkLayer[]) => layers.filter(({ resolved }) => "kernel" in resolved);

export const returnsEarly: Mistake = {
  name: "loop-returns-early",
  why: "Only the first round of a loop counts: the return stands inside the loop, one indentation too deep, so that the first window, row, channel or image is all there is.",
  fix: "for i in range(I):\n    for j in range(J): ...\nreturn dx  # behind the loops, not in them",
  variations: ({ layers, images }) =>
    windowed(layers).flatMap((layer) => {
      const [C, I, J] = layer.resolved.outputShape;
      const keeps: Keep[] = [
        ...(I * J > 1
          ? [
              ([, , i, j]: readonly number[]) => i === 0 && j === 0,
              ([n, c, i, j]: readonly number[]) => n + c + i + j === 0,
              ([n, , i, j]: readonly number[]) => n + i + j === 0,
              ([, c, i, j]: readonly number[]) => c + i + j === 0,
            ]
          : []),
        ...(I > 1 ? [([, , i]: readonly number[]) => i === 0] : []),
        ...(J > 1 ? [([, , , j]: readonly number[]) => j === 0] : []),
        ...(C > 1 ? [([, c]: readonly number[]) => c === 0] : []),
        ...(C > 1 && images > 1 ? [([n, c]: readonly number[]) => n + c === 0] : []),
      ];
      return keeps.flatMap((keep) => withKept(layer, keep));
    }),
};

/** Each image with those before it added. */
function accumulated(t: Tensor): Tensor {
  const inner = t.data.length / t.shape[0];
  const sums = new Float64Array(inner);
  return mapped(t, (value, k) => {
    sums[k % inner] += value;
    return sums[k % inner];
  });
}

export const notReset: Mistake = {
  name: "output-not-reset",
  why: "The array that sums are collected in is not set back to 0 for the next image, so that each image has those before it in its numbers.",
  fix: "for n in range(N): out = np.zeros(...)  # inside the loop over the images",
  variations: (network) => {
    if (network.images === 1) return [];
    const sums = learningLayers(network).flatMap((layer) => {
      const bare = at(layer.output, (run, right) => {
        const whole = right();
        const plain = forwardWith(layer, run, { bias: null });
        const collected = accumulated(plain);
        return mapped(collected, (value, k) => value + whole.data[k] - plain.data[k]);
      });
      return [at(layer.output, (_, right) => accumulated(right())), bare];
    });
    const back = network.layers.map(({ inputGradients: [name] }) =>
      at(name, (_, right) => accumulated(right())),
    );
    return [...sums, ...back];
  },
};

/** Row and column of a square map both taken from the row's index, or both from the column's. */
const diagonal = (byRow: boolean) => (t: Tensor) =>
  picked(t, t.shape, ([n, c, i, j]) => (byRow ? [n, c, i, i] : [n, c, j, j]));

export const indexTwice: Mistake = {
  name: "index-used-twice",
  why: "Row and column are taken with the same index (dy[i, i] or dy[j, j]), so that only the diagonal is used.",
  fix: "dw[o, c, u, v] += x[n, c, i+u, j+v] * dy[n, o, i, j]  # i with u, j with v",
  variations: ({ layers }) =>
    windowed(layers).flatMap((layer) => {
      const [, I, J] = layer.resolved.outputShape;
      if (I !== J || I === 1) return [];
      return [true, false].map(diagonal).flatMap((twice) => {
        const g = (run: Parameters<typeof gradientOf>[1]) => ({ g: twice(gradientOf(layer, run)) });
        return [
          at(layer.output, (_, right) => twice(right())),
          at(layer.inputGradients[0], (run) => inputGradientWith(layer, run, g(run))),
          ...layer.parameters
            .filter(({ name }) => name.endsWith(".weight"))
            .map(({ name }) =>
              at(`grad.${name}`, (run) => parameterGradientWith(layer, "weight", run, g(run))),
            ),
        ];
      });
    }),
};

export const writtenToFilter: Mistake = {
  name: "filter-index-for-channel",
  why: "The filter's index stands where the channel's belongs, or the other way round, but each filter has met all channels, each with its own kernel.",
  fix: "dx[n, c] += full_convolve(dy[n, o], w[o, c]); dw[o, c] += correlate(x[n, c], dy[n, o])  # c with x, o with dy",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [O] = layer.resolved.outputShape;
    const [C] = layer.resolved.inputShape;
    if (C === 1) return [];
    const back = (weight: (w: Tensor) => Tensor) =>
      at(layer.inputGradients[0], (run) =>
        inputGradientWith(layer, run, { weight: weight(weightOf(layer, run)) }),
      );
    const sumOfChannels = (w: Tensor, [o, , u, v]: readonly number[]) => {
      let sum = 0;
      for (let c = 0; c < C; c++) sum += w.data[((o * C + c) * w.shape[2] + u) * w.shape[3] + v];
      return sum;
    };
    const last = (w: Tensor) => picked(w, w.shape, ([o, , u, v]) => [o, C - 1, u, v]);
    const own = (w: Tensor) => only(w, ([o, c]) => o === c);
    const gradient = (place: (o: number, c: number) => readonly [number, number]) =>
      at(`grad.${layer.parameters[0].name}`, (_, right) => {
        const w = right();
        return picked(w, w.shape, ([o, c, u, v]) => [...place(o, c), u, v]);
      });
    return [
      ...(C <= O ? [gradient((_, c) => [c, c])] : []),
      ...(O <= C ? [gradient((o) => [o, o])] : []),
      ...(O === C ? [gradient((o, c) => [c, o])] : []),
      back((w) => own(mappedByIndex(w, (_, index) => sumOfChannels(w, index)))),
      back((w) => own(last(w))),
      ...(O === C ? [back((w) => picked(w, w.shape, ([o, c, u, v]) => [c, o, u, v]))] : []),
    ];
  }),
};

export const windowsSkipped: Mistake = {
  name: "pool-stride-on-pooled-map",
  why: "The loop over the pooled map goes in steps of the stride, but there each cell is a window of its own; the stride belongs to the place in the image.",
  fix: "for i in range(I): for j in range(J): dx[n, c, i*s:i*s+size, j*s:j*s+size] += ...  # not range(0, I, s)",
  variations: ({ layers }) =>
    windowed(layers).flatMap((layer) => {
      const { stride } = layer.resolved as MaxPool2d;
      if (stride[0] === 1 && stride[1] === 1) return [];
      return [
        ...withKept(layer, ([, , i, j]) => i % stride[0] === 0 && j % stride[1] === 0),
        ...twiceStepped(layer as NetworkLayer & { readonly resolved: MaxPool2d }),
      ];
    }),
};

/** for i in range(0, I, s): the window at i*s gets dy[i//s]. */
function twiceStepped(layer: NetworkLayer & { readonly resolved: MaxPool2d }): Variation[] {
  const [C, I, J] = layer.resolved.outputShape;
  const [, H, W] = layer.resolved.inputShape;
  const [y, z] = layer.resolved.stride;
  const size = [
    Math.min(Math.ceil(I / y), Math.ceil(H / y ** 2)),
    Math.min(Math.ceil(J / z), Math.ceil(W / z ** 2)),
  ];
  const resolved = { stride: [y ** 2, z ** 2], outputShape: [C, ...size] };
  return [
    at(layer.inputGradients[0], (run) => {
      const g = gradientOf(layer, run);
      return inputGradientWith(layer, run, {
        g: picked(g, [g.shape[0], C, ...size], (index) => index),
        resolved,
      });
    }),
  ];
}
