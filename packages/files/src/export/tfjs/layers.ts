import { type ModelLayer, type Tensor, tensor } from "unravel-cnn";
import type { LayerOf, LayerType } from "../source/layers.js";
import { channelsFirstOrder, type Flow, type Part, RowsInOtherOrder } from "./topology.js";
import { averagePooling, convolution, maxPooling } from "./windows.js";

/* Each kind of layer as Keras has it. */

/** One that does something to each number by itself. */
function each(
  { topology, layer, inputs: [input] }: Part,
  className: string,
  config: object,
  nonNegative = false,
): Flow {
  topology.add(className, layer.name, config, [input.name]);
  return { ...input, name: layer.name, nonNegative };
}

const activation =
  (name: string, nonNegative = false) =>
  (part: Part): Flow =>
    each(part, "Activation", { activation: name }, nonNegative);

/** One value for each number of a row, as they lie there. */
const asThere = ({ shape, data }: Tensor, order: Uint32Array | undefined): Tensor =>
  order === undefined
    ? { shape, data }
    : tensor(
        shape,
        Array.from(order, (here) => data[here]),
      );

function batchNormalization(part: Part<LayerOf<"batchNorm2d" | "batchNorm1d">>): Flow {
  const { topology, layer, inputs, parameter } = part;
  const [input] = inputs;
  const { eps, momentum } = layer.resolved;
  const weights = {
    gamma: "weight",
    beta: "bias",
    moving_mean: "running_mean",
    moving_variance: "running_var",
  };
  topology.add(
    "BatchNormalization",
    layer.name,
    { axis: -1, momentum: Number((1 - momentum).toPrecision(12)), epsilon: eps, center: true, scale: true },
    [input.name],
    Object.fromEntries(
      Object.entries(weights).map(([there, here]) => [there, asThere(parameter(here), input.order)]),
    ),
  );
  return { ...input, name: layer.name, nonNegative: false };
}

function dense({ topology, layer, inputs: [input], parameter }: Part): Flow {
  const weight = parameter("weight");
  const [units, count] = weight.shape;
  const bias = layer.parameters.some(({ name }) => name === "bias");
  const data = Float32Array.from({ length: units * count }, (_, k) => {
    const [there, unit] = [Math.floor(k / units), k % units];
    return weight.data[unit * count + (input.order?.[there] ?? there)];
  });
  topology.add("Dense", layer.name, { units, activation: "linear", use_bias: bias }, [input.name], {
    kernel: { shape: [count, units], data },
    ...(bias && { bias: parameter("bias") }),
  });
  return { name: layer.name, shape: [units], nonNegative: false };
}

function flatten({ topology, layer, inputs: [input] }: Part): Flow {
  if (input.shape.length === 1) return input; // it is a row already
  const order = channelsFirstOrder(input.shape);
  const turned = order !== undefined && topology.turns;
  const from = turned ? topology.name(`${layer.name}_turn`) : input.name;
  if (turned) topology.add("Permute", from, { dims: [3, 1, 2] }, [input.name]);
  topology.add("Flatten", layer.name, { data_format: "channels_last" }, [from]);
  return {
    name: layer.name,
    shape: layer.outputShape,
    nonNegative: input.nonNegative,
    ...(order && !turned && { order }),
  };
}

function add({ topology, layer, inputs }: Part): Flow {
  const [{ order }] = inputs;
  if (inputs.some((input) => String(input.order) !== String(order))) throw new RowsInOtherOrder();
  topology.add("Add", layer.name, {}, topology.distinct(inputs));
  return { ...inputs[0], name: layer.name, nonNegative: inputs.every(({ nonNegative }) => nonNegative) };
}

function concat({ topology, layer, inputs }: Part): Flow {
  topology.add("Concatenate", layer.name, { axis: -1 }, topology.distinct(inputs));
  const flow = {
    name: layer.name,
    shape: layer.outputShape,
    nonNegative: inputs.every(({ nonNegative }) => nonNegative),
  };
  if (inputs.every(({ order }) => order === undefined)) return flow;
  const order = new Uint32Array(layer.outputShape[0]);
  let begin = 0;
  for (const input of inputs) {
    for (let k = 0; k < input.shape[0]; k++) order[begin + k] = begin + (input.order?.[k] ?? k);
    begin += input.shape[0];
  }
  return { ...flow, order };
}

/** TensorFlow.js has the tanh form, too, but can't load it from a file: x σ(2u), 2u = x (width + cube x²), step by step. */
function gelu(part: Part<LayerOf<"gelu">>): Flow {
  const { topology, layer, inputs } = part;
  if (layer.resolved.approximate !== "tanh") return activation("gelu")(part);
  const [input] = inputs;
  const add = (step: string, className: string, config: object, ...from: string[]) => {
    const own = topology.name(`${layer.name}_${step}`);
    topology.add(className, own, config, from);
    return own;
  };
  const width = 2 * Math.sqrt(2 / Math.PI);
  const square = add("square", "Multiply", {}, ...topology.distinct([input, input]));
  const slope = add("slope", "Rescaling", { scale: width * 0.044715, offset: width }, square);
  const argument = add("argument", "Multiply", {}, input.name, slope);
  const share = add("share", "Activation", { activation: "sigmoid" }, argument);
  topology.add("Multiply", layer.name, {}, [input.name, share]);
  return { ...input, name: layer.name, nonNegative: false };
}

/** Adds a layer to the topology, in one step or in several. The type of a method, so that a kind's row may stand in a table of all. */
export type Exporter<Layer extends ModelLayer = ModelLayer> = { add(part: Part<Layer>): Flow }["add"];

export const exporters: { readonly [Type in LayerType]: Exporter<LayerOf<Type>> } = {
  conv2d: convolution,
  relu: activation("relu", true),
  leakyRelu: (part) => each(part, "LeakyReLU", { alpha: part.layer.resolved.slope }),
  relu6: (part) => each(part, "ReLU", { max_value: 6 }, true),
  sigmoid: activation("sigmoid", true),
  tanh: activation("tanh"),
  silu: activation("swish"),
  gelu,
  maxPool2d: maxPooling,
  averagePool2d: averagePooling,
  globalAveragePool2d: ({ topology, layer, inputs: [input] }) => {
    topology.add("GlobalAveragePooling2D", layer.name, { data_format: "channels_last" }, [input.name]);
    return { name: layer.name, shape: layer.outputShape, nonNegative: input.nonNegative };
  },
  batchNorm2d: batchNormalization,
  batchNorm1d: batchNormalization,
  dropout: (part) => each(part, "Dropout", { rate: part.layer.resolved.rate }, part.inputs[0].nonNegative),
  add,
  concat,
  flatten,
  dense,
};
