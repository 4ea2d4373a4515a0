import type { ModelLayer } from "unravel-cnn";
import type { LayerOf, LayerType } from "../source/layers.js";
import type { GraphDraft, Options } from "./draft.js";

/* What each kind of layer becomes in ONNX (opset 17). */

/** A layer on its way into a graph. */
export interface Place<Layer extends ModelLayer = ModelLayer> {
  readonly graph: GraphDraft;
  readonly layer: Layer;
  /** The names of the graph's tensors that go in. */
  readonly inputs: readonly string[];
  /** What the tensor that comes out has to be called. */
  readonly output: string;
}

/** Adds the layer's nodes, the last of which gives `output`. The type of a method, so that a kind's row may stand in a table of all. */
type WriteLayer<Layer extends ModelLayer = ModelLayer> = { write(place: Place<Layer>): void }["write"];

/** For layers that may have no nodes, because after training they pass on what they get. */
interface MayBeNothing {
  readonly isNothing: (layer: ModelLayer) => boolean;
  readonly write: WriteLayer;
}

/** What adds a layer's nodes; undefined: it has none. */
export function writerOf(layer: ModelLayer): WriteLayer | undefined {
  const row: WriteLayer | MayBeNothing = layerWriters[layer.spec.type];
  if (typeof row === "function") return row;
  return row.isNothing(layer) ? undefined : row.write;
}

type Windowed = LayerOf<"conv2d" | "maxPool2d" | "averagePool2d">;
type Norm = LayerOf<"batchNorm2d" | "batchNorm1d">;

/** A node whose options don't depend on the layer. */
const plain =
  (operator: string, options?: Options): WriteLayer =>
  ({ graph, layer, inputs, output }) =>
    void graph.node(layer.name, operator, inputs, output, options);

/** A node with weights of the layer, in this order, where it has them. */
const weighted =
  <Layer extends ModelLayer>(
    operator: string,
    names: readonly string[],
    optionsOf: (place: Place<Layer>) => Options,
  ): WriteLayer<Layer> =>
  (place) => {
    const { graph, layer, inputs, output } = place;
    const own = [...layer.parameters, ...layer.state];
    const weights = names.filter((name) => own.some((one) => one.name === name));
    const all = [...inputs, ...weights.map((name) => `${layer.name}.${name}`)];
    graph.node(layer.name, operator, all, output, optionsOf(place));
  };

function windowOptions({ layer }: Place<Windowed>): Record<string, { readonly ints: readonly number[] }> {
  const { kernel, stride, padding } = layer.resolved;
  const [top, right, bottom, left] = padding;
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: stride },
    pads: { ints: [top, left, bottom, right] },
  };
}

const pool =
  (operator: string, options: Options = {}): WriteLayer<Windowed> =>
  (place) =>
    void place.graph.node(place.layer.name, operator, place.inputs, place.output, {
      ...windowOptions(place),
      ...options,
    });

const batchNorm = weighted(
  "BatchNormalization",
  ["weight", "bias", "running_mean", "running_var"],
  ({ layer }: Place<Norm>) => {
    const { eps, momentum } = layer.resolved;
    // ONNX says how much of the old mean stays
    return { epsilon: { float: eps }, momentum: { float: 1 - momentum } };
  },
);

/** A function that ONNX has no operator for in opset 17: steps with names, each from the ones before it. */
function inSteps({ graph, layer, inputs, output }: Place) {
  return {
    x: inputs[0],
    step: (name: string, operator: string, ...from: string[]) =>
      graph.node(`${layer.name}/${name}`, operator, from, `${layer.name}.${name}`),
    last: (operator: string, ...from: string[]) => graph.node(layer.name, operator, from, output),
  };
}

const GELU = {
  none(place: Place): void {
    // x * (0.5 + 0.5 * erf(x / sqrt 2))
    const { x, step, last } = inSteps(place);
    const half = place.graph.constant("half", 0.5);
    const stretched = step("stretched", "Div", x, place.graph.constant("sqrt2", Math.SQRT2));
    const halved = step("halved", "Mul", step("erf", "Erf", stretched), half);
    last("Mul", x, step("probability", "Add", halved, half));
  },
  tanh(place: Place): void {
    // x * sigmoid(2u), 2u = x * (width + width * cube * x * x)
    const { x, step, last } = inSteps(place);
    const width = 2 * Math.sqrt(2 / Math.PI);
    const cube = place.graph.constant("geluCube", width * 0.044715);
    const scaled = step("scaled", "Mul", step("square", "Mul", x, x), cube);
    const shifted = step("shifted", "Add", scaled, place.graph.constant("geluWidth", width));
    last("Mul", x, step("probability", "Sigmoid", step("argument", "Mul", x, shifted)));
  },
};

/** A row for each kind of layer. */
const layerWriters: { readonly [Type in LayerType]: WriteLayer<LayerOf<Type>> | MayBeNothing } = {
  conv2d: weighted("Conv", ["weight", "bias"], (place: Place<LayerOf<"conv2d">>) => {
    const { dilation, groups } = place.layer.resolved;
    return { ...windowOptions(place), dilations: { ints: dilation }, group: { int: groups } };
  }),
  dense: weighted("Gemm", ["weight", "bias"], () => ({ transB: { int: 1 } })),
  relu: plain("Relu"),
  leakyRelu: (place) => {
    const alpha = { float: place.layer.resolved.slope };
    place.graph.node(place.layer.name, "LeakyRelu", place.inputs, place.output, { alpha });
  },
  relu6: ({ graph, layer, inputs, output }) => {
    const ends = [graph.constant("lowest", 0), graph.constant("highest", 6)];
    graph.node(layer.name, "Clip", [...inputs, ...ends], output);
  },
  sigmoid: plain("Sigmoid"),
  tanh: plain("Tanh"),
  silu: (place) => {
    const { x, step, last } = inSteps(place);
    last("Mul", x, step("probability", "Sigmoid", x));
  },
  gelu: (place) => GELU[place.layer.resolved.approximate](place),
  maxPool2d: pool("MaxPool"),
  averagePool2d: pool("AveragePool", { count_include_pad: { int: 1 } }),
  globalAveragePool2d: (place) => {
    const { x, step, last } = inSteps(place);
    last("Flatten", step("mean", "GlobalAveragePool", x));
  },
  batchNorm2d: batchNorm,
  batchNorm1d: batchNorm,
  dropout: { isNothing: () => true, write: plain("Identity") },
  add: (place) => {
    const operator = place.inputs.length === 2 ? "Add" : "Sum";
    place.graph.node(place.layer.name, operator, place.inputs, place.output);
  },
  concat: plain("Concat", { axis: { int: 1 } }),
  flatten: {
    isNothing: ({ resolved }) => resolved.inputShape.length === 1,
    write: plain("Flatten", { axis: { int: 1 } }),
  },
};
