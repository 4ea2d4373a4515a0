import { tensor } from "unravel-cnn";
import { expect, test } from "vitest";
import { importModel } from "../../dist/index.js";
import { distance, runtime, runtimeScores, scoresOf } from "../support/onnx.js";
import {
  floats,
  type GraphOptions,
  graphFile,
  head,
  ints,
  node,
  someNumbers,
} from "../support/onnxGraphs.js";

/*
 * Single operators in the forms that programs write them in: which layers they become. Where onnxruntime-web is installed, it computes
 * the same files.
 */

const read = (bytes: Uint8Array) => importModel({ name: "net.onnx", bytes });

interface Form {
  readonly name: string;
  /** From `x`, [n, 1, 4, 4] where nothing else is said, to `z`. */
  readonly nodes: readonly object[];
  readonly initializers?: readonly object[];
  /** How many numbers `z` has. */
  readonly count: number;
  /** The layers before the flatten and dense layers at the end. */
  readonly layers: readonly object[];
  readonly options?: GraphOptions;
}

const kernel = floats("w", [2, 1, 3, 3], someNumbers(18));
const conv = (attributes: object, name: string, count: number, options: object): Form => ({
  name: `Conv, ${name}`,
  nodes: [node("Conv", ["x", "w"], "z", attributes as never)],
  initializers: [kernel],
  count,
  layers: [{ type: "conv2d", filters: 2, kernel: 3, ...options, bias: false }],
});
const unary = (operator: string, layer: object, attributes = {}, options: GraphOptions = {}): Form => ({
  name: `${operator} ${JSON.stringify(attributes)}`,
  nodes: [node(operator, ["x"], "z", attributes)],
  count: 16,
  layers: [layer],
  options,
});
const scalar = (name: string, value: number) => floats(name, [], [value]);
const scalars = [
  scalar("one", 1),
  scalar("half", 0.5),
  scalar("two", 2),
  scalar("three", 3),
  scalar("sqrt2", Math.SQRT2),
  scalar("rsqrt2", Math.SQRT1_2),
  scalar("cube", 0.044715),
  scalar("width", Math.sqrt(2 / Math.PI)),
];
const steps = (
  name: string,
  layer: object,
  ...rows: readonly [string, readonly string[], string][]
): Form => ({
  name,
  nodes: rows.map(([operator, inputs, output]) => node(operator, inputs, output)),
  initializers: scalars,
  count: 16,
  layers: [layer],
});

const forms: readonly Form[] = [
  conv({}, "without attributes", 8, {}),
  conv({ auto_pad: "SAME_UPPER", strides: [2, 2] }, "SAME_UPPER", 8, { stride: 2, padding: [0, 1, 1, 0] }),
  conv({ auto_pad: "SAME_LOWER", strides: [2, 2] }, "SAME_LOWER", 8, { stride: 2, padding: [1, 0, 0, 1] }),
  conv({ auto_pad: "VALID", kernel_shape: [3, 3] }, "VALID", 8, {}),
  conv({ pads: [0, 1, 2, 3] }, "pads", 2 * 4 * 6, { padding: [0, 3, 2, 1] }),
  conv({ dilations: [1, 2], pads: [0, 1, 0, 1] }, "dilations", 2 * 2 * 2, {
    padding: [0, 1, 0, 1],
    dilation: [1, 2],
  }),
  {
    ...conv({}, "behind zeros", 2 * 3 * 5, { padding: [0, 2, 1, 1] }),
    nodes: [node("Pad", ["x", "around"], "p"), node("Conv", ["p", "w"], "z")],
    initializers: [kernel, ints("around", [0, 0, 0, 1, 0, 0, 1, 2])],
  },
  {
    ...conv({}, "with an Add behind it as its bias", 8, {}),
    nodes: [node("Conv", ["x", "w"], "c"), node("Add", ["b", "c"], "z")],
    initializers: [kernel, floats("b", [2, 1, 1], [0.5, -1])],
    layers: [{ type: "conv2d", filters: 2, kernel: 3 }],
  },
  {
    name: "Mul, Add, Sub and Div by constants of each channel behind a layer",
    nodes: [
      node("Conv", ["x", "w"], "c"),
      node("Mul", ["s", "c"], "m"),
      node("Add", ["m", "b"], "a"),
      node("Sub", ["a", "half"], "d"),
      node("Div", ["d", "two"], "z"),
    ],
    initializers: [kernel, ...scalars, floats("s", [2, 1, 1], [2, -3]), floats("b", [1, 2, 1, 1], [0.5, -1])],
    count: 8,
    layers: [
      { type: "conv2d", filters: 2, kernel: 3, bias: false },
      { type: "conv2d", filters: 2, kernel: 1, groups: 2 },
    ],
  },
  {
    name: "MaxPool with ceil_mode: padding behind",
    nodes: [node("MaxPool", ["x"], "z", { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
    count: 4,
    layers: [{ type: "maxPool2d", size: 3, stride: 2, padding: [0, 1, 1, 0] }],
  },
  {
    name: "AveragePool with ceil_mode that changes nothing",
    nodes: [node("AveragePool", ["x"], "z", { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 })],
    count: 4,
    layers: [{ type: "averagePool2d", size: 2 }],
  },
  {
    name: "AveragePool that counts its padding",
    nodes: [
      node("AveragePool", ["x"], "z", { kernel_shape: [2, 3], pads: [1, 1, 0, 1], count_include_pad: 1 }),
    ],
    count: 16,
    layers: [{ type: "averagePool2d", size: [2, 3], stride: 1, padding: [1, 1, 0, 1] }],
  },
  {
    name: "MaxPool behind zeros around what is never negative",
    nodes: [
      node("Relu", ["x"], "r"),
      node("Pad", ["r", "around"], "p"),
      node("MaxPool", ["p"], "z", { kernel_shape: [2, 2], strides: [2, 2] }),
    ],
    initializers: [ints("around", [0, 0, 1, 1, 0, 0, 1, 1])],
    count: 9,
    layers: [{ type: "relu" }, { type: "maxPool2d", size: 2, padding: 1 }],
  },
  {
    name: "GlobalMaxPool",
    nodes: [node("GlobalMaxPool", ["x"], "z")],
    count: 1,
    layers: [{ type: "maxPool2d", size: 4 }],
  },
  unary("Relu", { type: "relu" }),
  unary("LeakyRelu", { type: "leakyRelu", slope: 0.2 }, { alpha: { float: 0.2 } }),
  unary("LeakyRelu", { type: "leakyRelu" }),
  unary("Sigmoid", { type: "sigmoid" }),
  unary("Tanh", { type: "tanh" }),
  unary("Gelu", { type: "gelu" }, {}, { opset: 20 }),
  unary("Gelu", { type: "gelu", approximate: "tanh" }, { approximate: "tanh" }, { opset: 20 }),
  unary("Clip", { type: "relu6" }, { min: { float: 0 }, max: { float: 6 } }, { opset: 10 }),
  {
    ...unary("Clip", { type: "relu6" }),
    name: "Clip whose ends are inputs",
    nodes: [node("Clip", ["x", "zero", "six"], "z")],
    initializers: [scalar("zero", 0), scalar("six", 6)],
  },
  {
    ...unary("Clip", { type: "relu" }),
    name: "Clip with a lower end only",
    nodes: [node("Clip", ["x", "zero"], "z")],
    initializers: [scalar("zero", 0)],
  },
  {
    ...unary("Clip", { type: "relu6" }),
    name: "ReLU6 as Max and Min",
    nodes: [node("Max", ["zero", "x"], "a"), node("Min", ["a", "six"], "z")],
    initializers: [scalar("zero", 0), scalar("six", 6)],
  },
  {
    ...unary("Clip", { type: "relu6" }),
    name: "ReLU6 as Relu and Clip with an upper end only",
    nodes: [node("Relu", ["x"], "a"), node("Clip", ["a", "", "six"], "z")],
    initializers: [scalar("six", 6)],
  },
  {
    ...unary("PRelu", { type: "leakyRelu", slope: 0.3 }),
    nodes: [node("PRelu", ["x", "s"], "z")],
    initializers: [floats("s", [1, 1, 1], [0.3])],
  },
  steps("SiLU", { type: "silu" }, ["Sigmoid", ["x"], "s"], ["Mul", ["s", "x"], "z"]),
  steps(
    "GELU, halved first",
    { type: "gelu" },
    ["Mul", ["x", "rsqrt2"], "a"],
    ["Erf", ["a"], "e"],
    ["Add", ["one", "e"], "b"],
    ["Mul", ["half", "x"], "h"],
    ["Mul", ["h", "b"], "z"],
  ),
  steps(
    "GELU in the form with tanh",
    { type: "gelu", approximate: "tanh" },
    ["Pow", ["x", "three"], "p"],
    ["Mul", ["p", "cube"], "q"],
    ["Add", ["x", "q"], "r"],
    ["Mul", ["r", "width"], "u"],
    ["Tanh", ["u"], "t"],
    ["Add", ["t", "one"], "v"],
    ["Mul", ["x", "v"], "w2"],
    ["Mul", ["w2", "half"], "z"],
  ),
  {
    name: "Sum of three, Identity, Cast",
    nodes: [
      node("Identity", ["x"], "i"),
      node("Cast", ["i"], "j", { to: 1 }),
      node("Relu", ["j"], "a"),
      node("Tanh", ["i"], "b"),
      node("Sum", ["a", "x", "b"], "z"),
    ],
    count: 16,
    layers: [{ type: "relu" }, { type: "tanh", from: "x" }, { type: "add", from: ["relu1", "x", "tanh1"] }],
  },
  {
    name: "Concat of channels",
    nodes: [node("Relu", ["x"], "a"), node("Concat", ["a", "x"], "z", { axis: -3 })],
    count: 32,
    layers: [{ type: "relu" }, { type: "concat", from: ["relu1", "x"] }],
  },
  {
    name: "Dropout with its ratio as an input",
    nodes: [node("Dropout", ["x", "ratio"], "z")],
    initializers: [scalar("ratio", 0.25)],
    count: 16,
    layers: [{ type: "dropout", rate: 0.25 }],
  },
];

const files = forms.map((form) => {
  const end = head("z", form.count);
  const bytes = graphFile(
    [...form.nodes, ...end.nodes],
    [...(form.initializers ?? []), ...end.initializers],
    form.options,
  );
  return { form, bytes };
});
const x = tensor([2, 1, 4, 4], someNumbers(32, 0.3));

test.each(files)("$form.name", async ({ form, bytes }) => {
  const imported = await read(bytes);
  expect(imported.model.spec.layers).toEqual([
    ...form.layers,
    { type: "flatten" },
    { type: "dense", units: 3, bias: false },
  ]);
  if (runtime) {
    const theirs = await runtimeScores(bytes, x);
    expect(distance(scoresOf(imported, x).data, theirs)).toBeLessThan(1e-5);
  }
});

// newer than onnxruntime-web's operators
test("Swish, of opset 24, is SiLU", async () => {
  const end = head("z", 16);
  const bytes = graphFile([node("Swish", ["x"], "z"), ...end.nodes], end.initializers, { opset: 24 });
  expect((await read(bytes)).model.spec.layers[0]).toEqual({ type: "silu" });
});

test("a constant less what a layer gives: the numbers", async () => {
  const end = head("z", 16);
  const nodes = [node("Relu", ["x"], "r"), node("Sub", ["two", "r"], "z"), ...end.nodes];
  const { model, parameters } = await read(graphFile(nodes, [scalar("two", 2), ...end.initializers]));
  expect(model.spec.layers[1]).toMatchObject({ type: "conv2d", filters: 1, kernel: 1 });
  expect([...parameters["conv1.weight"].data, ...parameters["conv1.bias"].data]).toEqual([-1, 2]);
});

test("a Sigmoid before Identity nodes at the end is part of the loss", async () => {
  const end = head("x", 16);
  const nodes = [
    ...end.nodes,
    node("Sigmoid", ["y"], "p"),
    node("Identity", ["p"], "q"),
    node("Identity", ["q"], "out"),
  ];
  const { model } = await read(graphFile(nodes, end.initializers, { output: "out" }));
  expect(model.spec.layers.map(({ type }) => type)).toEqual(["flatten", "dense"]);
  expect(model.loss.type).toBe("binaryCrossEntropy");
});

test("constants of each channel behind a layer: the numbers", async () => {
  const { bytes } = files.find(({ form }) => form.name.startsWith("Mul, Add, Sub")) as (typeof files)[number];
  const { parameters, remarks } = await read(bytes);

  expect([...parameters["conv2.weight"].data]).toEqual([1, -1.5]);
  expect([...parameters["conv2.bias"].data]).toEqual([0, -0.75]);
  expect(remarks.join()).not.toContain("Several layers use");
});
