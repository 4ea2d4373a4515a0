import { isRow } from "../axes.js";
import type { Call, Operators } from "../call.js";
import { expressionOf, perChannel } from "../expressions.js";
import { parameterOf } from "../parameters.js";
import {
  type Activation,
  type Constant,
  described,
  type LayerDraft,
  type ParameterDraft,
  shortest,
  type Value,
} from "../values.js";

/* Operators with weights for rows of numbers, and batch normalisation. */

/**
 * A matrix as a dense layer's weight, [outputs, inputs].
 * @param isTurned whether it is [outputs, inputs] in the file already
 * @param order the place here of each input of the file
 */
function weightOf(
  call: Call,
  matrix: Constant,
  isTurned: boolean,
  factor: number,
  order: Int32Array | undefined,
): ParameterDraft {
  const [units, inputs] = isTurned ? matrix.shape : [matrix.shape[1], matrix.shape[0]];
  const data = new Float32Array(units * inputs);
  for (let o = 0; o < units; o++) {
    for (let k = 0; k < inputs; k++) {
      const value = matrix.data[isTurned ? o * inputs + k : k * units + o];
      data[o * inputs + (order ? order[k] : k)] = factor === 1 ? value : factor * value;
    }
  }
  return parameterOf(call, matrix, [units, inputs], data, [
    ...(isTurned ? [] : ["turned to [out, in]"]),
    ...(factor === 1 ? [] : [`times ${shortest(factor)}`]),
    ...(order ? ["its inputs in the order of channels, rows, columns"] : []),
  ]);
}

/** One number for each output, from a constant that is added to [images, outputs]. */
function biasOf(call: Call, constant: Constant, units: number, factor: number): ParameterDraft {
  const { shape, data } = constant;
  const isRowOfUnits = shape.length <= 2 && shape.slice(0, -1).every((size) => size === 1);
  if (!isRowOfUnits || (data.length !== 1 && data.length !== units)) {
    throw call.refuse(`its bias of shape ${described(shape)} isn't one number for each of ${units} outputs`);
  }
  const numbers = Float32Array.from({ length: units }, (_, k) => factor * data[data.length === 1 ? 0 : k]);
  return parameterOf(call, constant, [units], numbers, factor === 1 ? [] : [`times ${shortest(factor)}`]);
}

function matrixOf(call: Call, input: Activation, isTurned: boolean): Constant {
  const matrix = call.constant(1);
  if (matrix.shape.length !== 2 || matrix.shape[isTurned ? 1 : 0] !== input.source.shape[0]) {
    throw call.refuse(
      `its weight of shape ${described(matrix.shape)} doesn't fit rows of ${input.source.shape[0]} numbers`,
    );
  }
  return matrix;
}

function gemm(call: Call) {
  const input = call.network.row(call.node, call.order, call.activation(0));
  if (call.int("transA", 0) !== 0)
    throw call.refuse("it turns the images' matrix round (transA), which no layer does");
  if (input.axes.length !== 2)
    throw call.refuse("it takes [batch, numbers], but its input has more dimensions");
  const isTurned = call.int("transB", 0) !== 0;
  const [alpha, beta] = [call.float("alpha", 1), call.float("beta", 1)];
  const weight = weightOf(call, matrixOf(call, input, isTurned), isTurned, alpha, input.order);
  const [units] = weight.shape;
  const bias = call.inputs[2] === undefined ? undefined : biasOf(call, call.constant(2), units, beta);
  const made = call.network.add(call.node, call.order, [input], {
    type: "dense",
    options: { units, ...(!bias && { bias: false }) },
    parameters: { weight, ...(bias && { bias }) },
  });
  return { ...made, isOpen: !bias && call.isTakenOnce };
}

function matMul(call: Call) {
  if (call.inputs[0]?.kind === "constant") {
    throw call.refuse("a constant is multiplied by what the images give, in this order, which no layer does");
  }
  if (call.inputs[1] !== undefined && call.inputs[1].kind !== "constant") {
    throw call.refuse("it multiplies two matrices that both depend on the images, which no layer does");
  }
  const input = call.network.row(call.node, call.order, call.activation(0));
  if (input.axes.length !== 2)
    throw call.refuse("it takes [batch, numbers], but its input has more dimensions");
  const weight = weightOf(call, matrixOf(call, input, false), false, 1, input.order);
  const made = call.network.add(call.node, call.order, [input], {
    type: "dense",
    options: { units: weight.shape[0], bias: false },
    parameters: { weight },
  });
  return { ...made, isOpen: call.isTakenOnce };
}

/** An addition: the bias of the layer before it, a part of the normalisation or of a function, or an "add" layer. */
function add(call: Call): Value {
  const [first, second] = call.inputs;
  const constant = [first, second].find((value) => value?.kind === "constant");
  const open = [first, second].find((value) => value?.kind === "activation" && value.isOpen);
  if (constant?.kind === "constant" && open?.kind === "activation") {
    const biased = withBias(call, open, constant);
    if (biased) return biased;
  }
  return pointwise(call);
}

/** Sum, whose inputs may be any number. */
function sum(call: Call): Value {
  return call.inputs.length === 2 ? add(call) : pointwise(call);
}

function withBias(call: Call, value: Activation, constant: Constant): Activation | undefined {
  const layer = value.source as LayerDraft;
  // checks that the constant isn't larger than what it is added to
  expressionOf(call.network, call.node, call.order, [value, constant]);
  const numbers = perChannel(constant, value);
  if (numbers === undefined || layer.parameters.bias) return undefined;
  const { bias: _, ...options } = layer.options;
  layer.options = options;
  layer.parameters.bias = parameterOf(call, constant, [numbers.length], numbers);
  const { isOpen: __, ...rest } = value;
  return rest;
}

/** A node that computes number by number. */
export function pointwise(call: Call, option?: number): Value {
  const args = call.inputs.map((input, k) => (input?.kind === "constant" ? input : call.value(k)));
  return expressionOf(call.network, call.node, call.order, args, option);
}

function batchNormalization(call: Call) {
  if (call.int("training_mode", 0) !== 0 || call.int("is_test", 1) === 0) {
    throw call.refuse(
      "it was exported in training mode, where it normalises each batch by itself; export the network in evaluation mode",
    );
  }
  if (call.int("spatial", 1) !== 1)
    throw call.refuse(
      "it has statistics for each pixel (spatial 0), but batch norms here have them for each channel",
    );
  call.ignore("consumed_inputs");
  const given = call.activation(0);
  const isPictures = given.source.shape.length === 3;
  const input = isPictures ? call.network.pictures(call.node, given) : given;
  if (!isPictures && !isRow(input)) throw call.refuse("its input is no row of numbers, [batch, numbers]");
  const [channels] = input.source.shape;
  const { order } = input;
  const parameter = (place: number) => {
    const constant = call.constant(place);
    if (!order || constant.data.length !== channels) return parameterOf(call, constant, [channels]);
    const data = new Float32Array(channels);
    for (let k = 0; k < channels; k++) data[order[k]] = constant.data[k];
    return parameterOf(call, constant, [channels], data, ["in the order of channels, rows, columns"]);
  };
  const eps = shortest(call.float("epsilon", 1e-5));
  // ONNX says how much of the old mean stays; the difference is rounded to what float32 keeps
  const momentum = Number((1 - shortest(call.float("momentum", 0.9))).toPrecision(7));
  const made = call.network.add(call.node, call.order, [input], {
    type: isPictures ? "batchNorm2d" : "batchNorm1d",
    options: { ...(eps !== 1e-5 && { eps }), ...(momentum !== 0.1 && { momentum }) },
    parameters: {
      weight: parameter(1),
      bias: parameter(2),
      running_mean: parameter(3),
      running_var: parameter(4),
    },
  });
  return { ...made, axes: input.axes, ...(order && { order }) };
}

export const denseOperators: Operators = {
  Gemm: gemm,
  MatMul: matMul,
  Add: add,
  Sum: sum,
  BatchNormalization: batchNormalization,
};
