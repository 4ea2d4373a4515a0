import type { ModelLayer } from "../../graph/model.js";
import { add, binary, constant, pmax } from "../../ir/ir.js";
import type { AveragePool2d } from "../../layers/averagePool2d.js";
import type { layerKinds } from "../../layers/index.js";
import * as activations from "./activations.js";
import { batchNormLowering } from "./batchNorm.js";
import { concatLowering } from "./concat.js";
import { conv2dLowering } from "./conv2d.js";
import { denseLowering } from "./dense.js";
import { dropoutLowering } from "./dropout.js";
import { elementwise } from "./elementwise.js";
import { flattenLowering } from "./flatten.js";
import { globalAveragePool2dLowering } from "./globalAveragePool2d.js";
import { type Lowering, noKernel } from "./lowering.js";
import { maxPool2dLowering } from "./maxPool2d.js";
import { windowedSum } from "./windowed.js";

/** How each kind of layer becomes kernels. A kind without a row runs in the reference engine only. */
const lowerings: Partial<Record<keyof typeof layerKinds, Lowering>> = {
  conv2d: conv2dLowering,
  relu: elementwise(
    {
      output: ([x]) => pmax(x, constant(0)),
      gradients: ({ y, dy }) => [binary("and", dy, binary("gt", y, constant(0)))],
    },
    { isRelu: true },
  ),
  leakyRelu: elementwise(activations.leakyRelu),
  relu6: elementwise(activations.relu6),
  sigmoid: elementwise(activations.sigmoid),
  tanh: elementwise(activations.tanh),
  silu: elementwise(activations.silu),
  gelu: elementwise(activations.gelu),
  maxPool2d: maxPool2dLowering,
  averagePool2d: windowedSum(({ kernel: [U, V] }: AveragePool2d) => 1 / (U * V)),
  batchNorm2d: batchNormLowering,
  batchNorm1d: batchNormLowering,
  dropout: dropoutLowering,
  globalAveragePool2d: globalAveragePool2dLowering,
  add: elementwise(
    {
      output: (inputs) => inputs.reduce((sum, x) => add(sum, x)),
      gradients: ({ inputs, dy }) => inputs.map(() => dy),
    },
    { passesGradient: true, takesRelu: true },
  ),
  concat: concatLowering,
  flatten: flattenLowering,
  dense: denseLowering,
};

/** @throws InputError that names the layer, if there is none */
export function loweringOf(layer: ModelLayer): Lowering {
  const lowering = lowerings[layer.spec.type];
  if (lowering === undefined) throw noKernel(layer);
  return lowering;
}
