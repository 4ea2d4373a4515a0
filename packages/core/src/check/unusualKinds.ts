import type { Conv2d } from "../layers/conv2d.js";
import { type AnyLayer, layerKinds } from "../layers/index.js";
import type { Shape, Tensor } from "../tensor.js";
import { MissingArray } from "./run.js";
import { mapped } from "./value.js";

/* Kinds of layers that the library doesn't have, and that people's files do. */

const conv2d = layerKinds.conv2d as unknown as AnyLayer;

/** A convolution with a bias of its own for each cell of its output, instead of one for each filter. */
export const untiedConvolution: AnyLayer = {
  ...conv2d,
  parameters: (layer) =>
    conv2d
      .parameters(layer)
      .map((parameter) =>
        parameter.name === "bias" ? { ...parameter, shape: layer.outputShape } : parameter,
      ),

  forward(layer, [x], { weight, bias }) {
    const sums = conv2d.forward(layer as Conv2d, [x], { weight });
    if (!bias) return sums;
    const cells = sums.data.length / sums.shape[0];
    // one for each filter is taken, too: some mistakes do that
    const place = (k: number) => Math.floor((k % cells) / (cells / bias.data.length));
    return mapped(sums, (value, k) => value + bias.data[place(k)]);
  },

  parameterGradients(layer, inputs, outputGradient) {
    return {
      ...conv2d.parameterGradients(layer, inputs, outputGradient),
      bias: summedOverImages(outputGradient),
    };
  },
};

function summedOverImages({ shape: [, ...shape], data }: Tensor): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const sums = new Float64Array(size);
  for (let k = 0; k < data.length; k++) sums[k % size] += data[k];
  return { shape, data: sums };
}

/** A layer of which only the arrays are known: what goes in and what comes out have the same shape. */
export const unknownKind: AnyLayer = {
  ...(layerKinds.relu as unknown as AnyLayer),
  type: "unknown",
  prefix: "",
  resolve: (_, inputShape: Shape) => ({ inputShape, outputShape: inputShape }),
  branches: undefined,
  forward: notKnown,
  inputGradients: notKnown,
};

function notKnown(): never {
  throw new MissingArray();
}
