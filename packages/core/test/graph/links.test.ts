import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import {
  contractName,
  defineModel,
  formatModel,
  initialParameters,
  type ModelSpec,
  parseModel,
} from "../../src/index.js";

/* Names of layers, and what goes into them. */

const end = [{ type: "flatten" }, { type: "dense", units: 3 }];
const conv = (options: object = {}) => ({ type: "conv2d", filters: 2, kernel: 3, padding: 1, ...options });
const modelOf = (...layers: object[]) => defineModel({ input: [2, 5, 5], layers } as unknown as ModelSpec);

const residual = [
  conv({ name: "stem" }),
  { type: "relu" },
  conv(),
  { type: "add", from: ["relu1", "conv2"] },
  { type: "relu", from: "add1" },
  ...end,
];

test("a layer takes what the one before it gives, or what it names", () => {
  const model = modelOf(...residual);
  expect(model.layers.map(({ name, inputs }) => [name, ...inputs])).toEqual([
    ["stem", "x"],
    ["relu1", "stem.out"],
    ["conv2", "relu1.out"],
    ["add1", "relu1.out", "conv2.out"],
    ["relu2", "add1.out"],
    ["flatten1", "relu2.out"],
    ["fc1", "flatten1.out"],
  ]);
  expect(model.uses.get("relu1.out")?.map(({ layer, input }) => [layer.name, input])).toEqual([
    ["conv2", 0],
    ["add1", 0],
  ]);
  expect(model.output).toBe("fc1.out");
  expect(model.parameters.map(({ fullName }) => fullName)).toEqual([
    "stem.weight",
    "stem.bias",
    "conv2.weight",
    "conv2.bias",
    "fc1.weight",
    "fc1.bias",
  ]);
});

test("x may go into any layer, and twice into one; what no parameter is before is not learnt", () => {
  const model = modelOf(
    { type: "add", from: ["x", "x"] },
    conv(),
    { type: "add", from: ["add1", "conv1", "x"] },
    ...end,
  );
  expect([...model.learnt]).toEqual(["conv1.out", "add2.out", "flatten1.out", "fc1.out"]);
});

test("a name of its own is written without a number, and hides no kind", () => {
  const model = modelOf(conv({ name: "relu" }), { type: "relu" }, ...end);
  expect(contractName(model, "grad.relu.out")).toBe("grad.relu.out");
  expect(contractName(model, "flatten.out")).toBe("flatten1.out");
  expect(contractName(model, "conv.weight")).toBe("relu.weight");
});

test("a file keeps names and ways", () => {
  const model = modelOf(...residual);
  const { model: read } = parseModel(formatModel({ model, parameters: initialParameters(model, 1) }), "F");
  expect(read.layers.map(({ name, inputs }) => [name, inputs])).toEqual(
    model.layers.map(({ name, inputs }) => [name, inputs]),
  );
});

describe("refused", () => {
  test.each<[string, object[], RegExp]>([
    [
      "a name that isn't text",
      [conv({ name: 3 })],
      /^Layer 1, conv1: "name" must be an ASCII letter .*, not 3\.$/,
    ],
    ["a name with a dot", [conv({ name: "a.b" })], /^Layer 1, conv1: "name" must be .*, not "a\.b"\.$/],
    ["a name that begins with a digit", [conv({ name: "1a" })], /, not "1a"\.$/],
    ["an empty name", [conv({ name: "" })], /, not ""\.$/],
    ["a long name", [conv({ name: "a".repeat(65) })], /at most 63 letters, digits or _, not /],
    ["a letter of another script", [conv({ name: "é" })], /ASCII letter/],
    ...["x", "y", "probs", "loss", "lr", "grad", "new"].map((name): [string, object[], RegExp] => [
      `the name ${name}`,
      [conv({ name })],
      new RegExp(`"name" can't be "${name}", which is the name of something else in every network\\.$`),
    ]),
    [
      "two layers of one name",
      [conv({ name: "a" }), conv({ name: "a" })],
      /^Layer 2, a: a layer before it has the same name/,
    ],
    [
      "the usual name of a later layer",
      [conv({ name: "conv2" }), conv()],
      /^Layer 1, conv2: its name is what another layer is called if it has none of its own/,
    ],
    [
      "an input that isn't there",
      [conv(), { type: "relu", from: "conv2" }],
      /^Layer 2, relu1: "from" must name a layer before it, or "x" for the images, not "conv2".*"conv1"/,
    ],
    [
      "an input that comes later",
      [{ type: "relu", from: "conv1" }, conv()],
      /^Layer 1, relu1: "from" must name a layer before it/,
    ],
    [
      "a layer that takes itself",
      [{ type: "relu", from: "relu1" }],
      /^Layer 1, relu1: "from" must name a layer before it/,
    ],
    [
      "an input that is no name",
      [conv({ from: 0 })],
      /^Layer 1, conv1: "from" must name a layer before it, .*, not 0\.$/,
    ],
    [
      "several inputs for a layer that takes one",
      [conv(), conv({ from: ["x", "conv1"] })],
      /^Layer 2, conv2: it takes exactly one input, but "from" is \["x", "conv1"\]/,
    ],
    ["no input", [conv({ from: [] })], /^Layer 1, conv1: it takes exactly one input, but "from" is \[\]/],
    [
      "an addition without from",
      [conv(), { type: "add" }],
      /^Layer 2, add1: it needs at least two inputs; give their names in "from", such as \["x", "conv1"\]\.$/,
    ],
    [
      "an addition of one",
      [conv(), { type: "add", from: "conv1" }],
      /^Layer 2, add1: it needs at least two inputs, but "from" is "conv1"\.$/,
    ],
    [
      "an addition of two shapes",
      [conv({ filters: 3 }), { type: "add", from: ["x", "conv1"] }],
      /^Layer 2, add1: its inputs must have one shape, but one is \[2, 5, 5\] and another \[3, 5, 5\]/,
    ],
    [
      "an unknown key of an addition",
      [conv(), { type: "add", from: ["x", "conv1"], scale: 2 }],
      /^Layer 2, add1: unknown option "scale"/,
    ],
    [
      "a concatenation of one",
      [conv(), { type: "concat", from: "conv1" }],
      /^Layer 2, concat1: it needs at least two inputs, but "from" is "conv1"\.$/,
    ],
    [
      "a concatenation without from",
      [conv(), { type: "concat" }],
      /^Layer 2, concat1: it needs at least two inputs; give their names in "from", such as \["x", "conv1"\]\.$/,
    ],
    [
      "a concatenation of images that are not equally wide",
      [conv(), { type: "averagePool2d", size: [1, 5] }, { type: "concat", from: ["conv1", "avgpool1"] }],
      /^Layer 3, concat1: its inputs may differ in their channels only, but one is \[2, 5, 5\] and another \[2, 5, 1\]; change the layers before it, so that their images are equally high and wide\.$/,
    ],
    [
      "a concatenation of images and rows",
      [conv(), { type: "flatten" }, { type: "concat", from: ["flatten1", "conv1"] }],
      /^Layer 3, concat1: its inputs may differ in their channels only, but one is \[50\] and another \[2, 5, 5\]; images and rows of numbers don't go together: put a flatten layer before it\.$/,
    ],
    [
      "a concatenation that is too large",
      [
        { type: "concat", from: Array(100).fill("x") },
        ...Array.from({ length: 4 }, (_, k) => ({ type: "concat", from: Array(100).fill(`concat${k + 1}`) })),
      ],
      /^Layer 4, concat4: its output \[200000000, 5, 5\] would hold 5,000,000,000 numbers, more than the limit of 268,435,456; take fewer channels together\.$/,
    ],
    [
      "global average-pooling of a row",
      [{ type: "flatten" }, { type: "globalAveragePool2d" }, { type: "dense", units: 2 }],
      /^Layer 2, gap1: it needs images of shape \[channels, height, width\], but its input has shape \[50\]/,
    ],
    [
      "a layer that nobody takes",
      [conv(), conv(), { type: "relu", from: "conv1" }],
      /^Layer 2, conv2: no layer takes its output; name it in the "from" of a later layer, or leave it out\.$/,
    ],
  ])("%s", (_, layers, message) => expectInputError(() => modelOf(...layers, ...end), message));
});
