import { InputError } from "../errors.js";
import { checkKeys, trueOrFalse, wholeNumber } from "../options.js";
import { whole } from "../presentation/numbers.js";
import { dtypeOf, formatShape, type NamedTensors, type Shape, type Tensor, zeros } from "../tensor.js";
import { explainDense } from "./explain/dense.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { checkSize, inShort } from "./options.js";

/*
 * In a dense (fully connected) layer every output is a weighted sum of all inputs, plus a bias:
 *
 *   y[n, o] = bias[o] + sum over k of  weight[o, k] * x[n, k]
 */

export interface DenseSpec extends LayerSpec {
  readonly type: "dense";
  /** How many outputs. */
  readonly units: number;
  /** Default true. */
  readonly bias?: boolean;
}

export interface Dense extends ResolvedLayer {
  readonly inputShape: readonly [inputs: number];
  readonly outputShape: readonly [units: number];
  readonly bias: boolean;
}

export const dense: Layer<DenseSpec, Dense> = {
  type: "dense",
  prefix: "fc",
  rescales: true,

  resolve(spec: DenseSpec, inputShape: Shape): Dense {
    checkKeys(spec, ["type", "units", "bias"]);
    const units = wholeNumber("units", spec.units, 1);
    const bias = trueOrFalse("bias", spec.bias ?? true);
    if (inputShape.length !== 1) {
      throw new InputError(
        `it needs a flat input, but its input has shape ${formatShape(inputShape)}; put { "type": "flatten" } before it`,
      );
    }
    checkSize("weight", [units, inputShape[0]], "use fewer units or make its input smaller");
    return { inputShape: [inputShape[0]], outputShape: [units], bias };
  },

  parameters({ inputShape: [inputs], outputShape: [units], bias }) {
    const weight = { name: "weight", shape: [units, inputs], fanIn: inputs };
    return bias ? [weight, { name: "bias", shape: [units], fanIn: 0 }] : [weight];
  },

  multiplyAdds: ({ inputShape: [inputs], outputShape: [units] }) => inputs * units,

  forward(layer: Dense, [x]: readonly Tensor[], { weight, bias }: NamedTensors): Tensor {
    const [K] = layer.inputShape;
    const [O] = layer.outputShape;
    const N = x.shape[0];
    const y = zeros([N, O], dtypeOf(x));
    for (let n = 0; n < N; n++) {
      for (let o = 0; o < O; o++) {
        let sum = bias ? bias.data[o] : 0;
        for (let k = 0; k < K; k++) sum += weight.data[o * K + k] * x.data[n * K + k];
        y.data[n * O + o] = sum;
      }
    }
    return y;
  },

  /** Input k went into every output o, through weight[o, k]. */
  inputGradients(
    layer: Dense,
    [x]: readonly Tensor[],
    { weight }: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const [K] = layer.inputShape;
    const [O] = layer.outputShape;
    const N = x.shape[0];
    const gradient = zeros([N, K], dtypeOf(x));
    const row = new Float64Array(K);
    for (let n = 0; n < N; n++) {
      row.fill(0);
      for (let o = 0; o < O; o++) {
        const g = outputGradient.data[n * O + o];
        for (let k = 0; k < K; k++) row[k] += weight.data[o * K + k] * g;
      }
      gradient.data.set(row, n * K);
    }
    return [gradient];
  },

  /** weight[o, k] met input k of each image, on the way to output o. */
  parameterGradients(layer: Dense, [x]: readonly Tensor[], outputGradient: Tensor): NamedTensors {
    const [K] = layer.inputShape;
    const [O] = layer.outputShape;
    const N = x.shape[0];
    const weight = zeros([O, K], dtypeOf(x));
    const bias = zeros([O], dtypeOf(x));
    const row = new Float64Array(K);
    for (let o = 0; o < O; o++) {
      let sum = 0;
      row.fill(0);
      for (let n = 0; n < N; n++) {
        const g = outputGradient.data[n * O + o];
        for (let k = 0; k < K; k++) row[k] += g * x.data[n * K + k];
        sum += g;
      }
      weight.data.set(row, o * K);
      bias.data[o] = sum;
    }
    return layer.bias ? { weight, bias } : { weight };
  },

  words: ({ inputShape: [inputs], outputShape: [units], bias }: Dense) => ({
    kind: "dense",
    short: inShort(`dense ${units}`, [!bias && "no bias"]),
    forward: `Each of the ${units} outputs multiplies all ${whole(inputs)} numbers by weights of its own and adds them up${bias ? ", with its bias" : ""}.`,
    backward:
      "A weight's gradient is the input that it met, times the gradient of its output. An input's gradient is the sum over all outputs: their gradients, times the weights on the way there.",
  }),

  explain: explainDense,
};
