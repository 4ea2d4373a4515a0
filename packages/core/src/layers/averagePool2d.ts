import { dtypeOf, type NamedTensors, type Shape, type Tensor, tensor, zeros } from "../tensor.js";
import { explainLinear, outputsItWentInto, type Summand } from "./explain/linear.js";
import type { Layer } from "./layer.js";
import { type Pool2d, type Pool2dSpec, poolInShort, resolvePool2d } from "./pool2d.js";
import { pixelUnder } from "./window.js";

/*
 * Average-pooling makes an image smaller: of each window the mean goes on.
 *
 *   y[n, c, i, j] = sum over u, v of  x[n, c, i*stride - top + u, j*stride - left + v] * share,   share = 1 / (U*V)
 *
 * Every cell of the window moved the output by its share, so it gets that share of the gradient, from each window that it
 * lay under. Cells in the padding count as zeros (PyTorch's count_include_pad=True): they add nothing, but the share
 * stays the same.
 */

export interface AveragePool2dSpec extends Pool2dSpec {
  readonly type: "averagePool2d";
}

export type AveragePool2d = Pool2d;

export const averagePool2d: Layer<AveragePool2dSpec, AveragePool2d> = {
  type: "averagePool2d",
  prefix: "avgpool",

  resolve(spec: AveragePool2dSpec, inputShape: Shape): AveragePool2d {
    return resolvePool2d(spec, inputShape);
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(layer: AveragePool2d, [x]: readonly Tensor[]): Tensor {
    const y = zeros([x.shape[0], ...layer.outputShape], dtypeOf(x));
    const [inside, outside] = [cellsOf(layer.inputShape), cellsOf(layer.outputShape)];
    const share = shareOf(layer);
    for (const [output, pixels] of windowsOf(layer).entries()) {
      for (let plane = 0; plane < x.shape[0] * layer.inputShape[0]; plane++) {
        let sum = 0;
        for (const pixel of pixels) sum += x.data[plane * inside + pixel] * share;
        y.data[plane * outside + output] = sum;
      }
    }
    return y;
  },

  inputGradients(
    layer: AveragePool2d,
    [x]: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const sums = new Float64Array(x.data.length);
    const [inside, outside] = [cellsOf(layer.inputShape), cellsOf(layer.outputShape)];
    const share = shareOf(layer);
    for (const [output, pixels] of windowsOf(layer).entries()) {
      for (let plane = 0; plane < x.shape[0] * layer.inputShape[0]; plane++) {
        const part = outputGradient.data[plane * outside + output] * share;
        for (const pixel of pixels) sums[plane * inside + pixel] += part;
      }
    }
    return [tensor(x.shape, sums, dtypeOf(x))];
  },

  parameterGradients: () => ({}),

  words: (layer: AveragePool2d) => ({
    kind: "average-pooling",
    short: poolInShort("average-pool", layer),
    forward: `Of each window of ${layer.kernel.join("×")} the mean goes on. The picture becomes smaller.`,
    backward: `Every number of a window moved the mean by its share, so each gets that share of the gradient, 1/${layer.kernel[0] * layer.kernel[1]}.`,
  }),

  explain: explainLinear<AveragePool2d>(partsOf, {
    shareLabel: ({ kernel: [U, V] }) => `1/${U * V}`,
    output: ({ kernel: [U, V] }, parts) =>
      `The mean of the ${U * V} numbers under this window${parts < U * V ? `, of which ${U * V - parts} are zeros of the padding` : ""}: each counts for 1/${U * V}.`,
    inputGradient: ({ kernel: [U, V] }, goals) =>
      goals === 0
        ? "No window lay on this number, so the loss does not depend on it."
        : `1/${U * V} of what comes back to ${goals === 1 ? "the output" : `each of the ${outputsItWentInto(goals)}`}${goals === 1 ? " that it went into" : ""}, as that is its share in a mean.`,
  }),
};

const shareOf = ({ kernel: [U, V] }: AveragePool2d) => 1 / (U * V);
const cellsOf = ([, height, width]: AveragePool2d["inputShape"]) => height * width;

/** For each output of a channel, in row-major order, the pixels [p, q] under its window. */
function pixelsUnder(layer: AveragePool2d, output: readonly [number, number]): [p: number, q: number][] {
  const [, H, W] = layer.inputShape;
  const [U, V] = layer.kernel;
  return Array.from({ length: U * V }, (_, k) =>
    pixelUnder(layer, output, [Math.floor(k / V), k % V]),
  ).filter(([p, q]) => p >= 0 && p < H && q >= 0 && q < W);
}

/** The pixels of a channel under each of its windows, as offsets; both in row-major order. */
function windowsOf(layer: AveragePool2d): number[][] {
  const [, , W] = layer.inputShape;
  const [, I, J] = layer.outputShape;
  return Array.from({ length: I * J }, (_, k) =>
    pixelsUnder(layer, [Math.floor(k / J), k % J]).map(([p, q]) => p * W + q),
  );
}

function partsOf(layer: AveragePool2d, [c, i, j]: readonly number[]): Summand[] {
  return pixelsUnder(layer, [i, j]).map(([p, q]) => ({ input: 0, index: [c, p, q], share: shareOf(layer) }));
}
