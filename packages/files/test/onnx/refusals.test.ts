import type { InputError } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { onlyLong } from "../../../../test/support/long.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { importModel } from "../../dist/index.js";
import { encoded } from "../support/onnx.js";
import {
  ELEMENTS,
  floats,
  type GraphOptions,
  graphFile,
  head,
  ints,
  node,
  someNumbers,
} from "../support/onnxGraphs.js";

/* What can't be read is refused, soon and in one sentence that names the node. Damaged files are among those of test/mutations.test.ts. */

const refusalOf = async (bytes: Uint8Array): Promise<string> => {
  const error = await importModel({ name: "net.onnx", bytes }).then(
    () => undefined,
    (error: InputError) => error,
  );
  expect(error?.name, String(error?.stack)).toBe("InputError");
  const { message } = error as InputError;
  expect(message).toMatch(/^net\.onnx: /);
  expectSentence(message);
  return message;
};

const scalar = (name: string, value: number) => floats(name, [], [value]);
const w = floats("w", [2, 1, 3, 3], someNumbers(18));

/** Nodes from `x`, [n, 1, 4, 4], to `z`, and what the sentence has to say. */
const refused: readonly [
  what: string,
  says: RegExp,
  nodes: readonly object[],
  initializers?: readonly object[],
  options?: GraphOptions,
][] = [
  [
    "an operator without a layer",
    /The node "node z" \(LSTM\): there is no layer/,
    [node("LSTM", ["x"], "z")],
  ],
  [
    "Clip with other ends",
    /\(Clip\): what it computes is none of the functions that are layers: .*ReLU6/,
    [node("Clip", ["x", "low", "high"], "z")],
    [scalar("low", -1), scalar("high", 1)],
  ],
  ["an attribute nobody knows", /"magic", which isn't known/, [node("Relu", ["x"], "z", { magic: 1 })]],
  [
    "an attribute of the wrong type",
    /attribute group has the wrong type/,
    [node("Conv", ["x", "w"], "z", { group: "two" })],
    [w],
  ],
  [
    "another domain",
    /an operator of "com\.microsoft"/,
    [{ ...node("Relu", ["x"], "z"), domain: "com.microsoft" }],
  ],
  [
    "products of two tensors",
    /none combines them in this way/,
    [
      node("Relu", ["x"], "r"),
      node("Mul", ["r", "x"], "z0"),
      node("MaxPool", ["z0"], "z", { kernel_shape: [2, 2] }),
    ],
  ],
  [
    "batch norms of rows that became Mul and Add",
    /\(Mul\): no layer scales rows of numbers or shifts them, .* BatchNormalization/,
    [node("Flatten", ["x"], "c"), node("Mul", ["c", "s"], "z0"), node("Relu", ["z0"], "z")],
    [floats("s", [16], someNumbers(16))],
  ],
  [
    "pictures that are turned round, bright and dark",
    /multiplies the images by numbers that aren't above 0/,
    [node("Sub", ["s", "x"], "z0"), node("MaxPool", ["z0"], "z", { kernel_shape: [1, 1] })],
    [floats("s", [1], [1])],
  ],
  [
    "rows that are divided",
    /\(Div\): no layer scales rows of numbers or shifts them/,
    [node("Flatten", ["x"], "c"), node("Div", ["c", "s"], "z0"), node("Relu", ["z0"], "z")],
    [floats("s", [1], [3])],
  ],
  [
    "a Swish that is no SiLU",
    /\(Swish\): what it computes is none of the functions that are layers/,
    [node("Swish", ["x"], "z", { alpha: { float: 1.5 } })],
    [],
    { opset: 24 },
  ],
  [
    "quick GELU",
    /none combines them|none of the functions/,
    [
      node("Mul", ["x", "q"], "a"),
      node("Sigmoid", ["a"], "b"),
      node("Mul", ["b", "x"], "c"),
      node("Relu", ["c"], "z"),
    ],
    [scalar("q", 1.702)],
  ],
  [
    "a norm in training mode",
    /training mode/,
    [node("BatchNormalization", ["x", "s", "s", "s", "s"], "z", { training_mode: 1 })],
    [floats("s", [1], [1])],
  ],
  [
    "an average that leaves padding out",
    /count_include_pad 0/,
    [node("AveragePool", ["x"], "z", { kernel_shape: [2, 2], pads: [1, 1, 0, 0] })],
  ],
  [
    "an average beyond the picture",
    /ceil_mode/,
    [node("AveragePool", ["x"], "z", { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
  ],
  ["a pool with gaps", /gaps/, [node("MaxPool", ["x"], "z", { kernel_shape: [2, 2], dilations: [2, 2] })]],
  [
    "zeros that may win",
    /would win/,
    [
      node("Tanh", ["x"], "t"),
      node("Pad", ["t", "p"], "b"),
      node("MaxPool", ["b"], "z", { kernel_shape: [2, 2] }),
    ],
    [ints("p", [0, 0, 1, 1, 0, 0, 0, 0])],
  ],
  [
    "zeros that nobody takes in",
    /zeros are put around/,
    [node("Pad", ["x", "p"], "b"), node("Relu", ["b"], "z")],
    [ints("p", [0, 0, 1, 1, 0, 0, 0, 0])],
  ],
  [
    "a bias of zeros around a picture",
    /no layer scales rows of numbers|zeros are put around/,
    [
      node("Conv", ["x", "w"], "c"),
      node("Pad", ["c", "p"], "b"),
      node("Add", ["b", "k"], "a"),
      node("Relu", ["a"], "z"),
    ],
    [w, scalar("k", 2), ints("p", [0, 0, 1, 1, 0, 0, 0, 0])],
  ],
  [
    "zeros around a picture that is flattened elsewhere",
    /zeros are put around|only rows of numbers/,
    [
      node("Relu", ["x"], "r"),
      node("Flatten", ["r"], "f"),
      node("Pad", ["r", "p"], "b"),
      node("Flatten", ["b"], "g"),
      node("Concat", ["f", "g"], "z", { axis: 1 }),
    ],
    [ints("p", [0, 0, 1, 0, 0, 0, 0, 0])],
  ],
  [
    "two tensors with one name",
    /Two of its tensors have the name "w"/,
    [node("Relu", ["x"], "w"), node("Conv", ["x", "w"], "z")],
    [w],
  ],
  ["an Add of one", /has 1 inputs, but takes 2/, [node("Add", ["x"], "z")]],
  ["a Conv of four", /has 4 inputs, but takes 2 to 3/, [node("Conv", ["x", "w", "w", "w"], "z")], [w]],
  [
    "reflected borders",
    /something else than zeros/,
    [node("Pad", ["x", "p"], "z", { mode: "reflect" })],
    [ints("p", [0, 0, 1, 1, 0, 0, 0, 0])],
  ],
  [
    "one-dimensional windows",
    /kernel_shape must be two numbers/,
    [node("MaxPool", ["x"], "z", { kernel_shape: [2] })],
  ],
  ["groups that don't fit", /in 3 groups/, [node("Conv", ["x", "w"], "z", { group: 3 })], [w]],
  [
    "a turned picture",
    /a Transpose is missing/,
    [node("Transpose", ["x"], "t", { perm: [0, 1, 3, 2] }), node("Conv", ["t", "w"], "z")],
    [w],
  ],
  ["weights from the images", /must be constant, but depends/, [node("Conv", ["x", "x"], "z")]],
  [
    "means over something else",
    /only the mean of each channel/,
    [node("ReduceMean", ["x"], "z", { axes: [1] })],
  ],
  [
    "sums of different shapes",
    /have the shapes/,
    [node("MaxPool", ["x"], "p", { kernel_shape: [2, 2] }), node("Add", ["p", "x"], "z")],
  ],
  ["a softmax inside", /only come last/, [node("Softmax", ["x"], "z")]],
  [
    "a second output",
    /a further output/,
    [
      { ...node("MaxPool", ["x"], "p", { kernel_shape: [2, 2] }), outputs: ["p", "i"] },
      node("Relu", ["i"], "z"),
    ],
  ],
  [
    "a scaling that turns bright to dark",
    /aren't above 0/,
    [node("Mul", ["x", "m"], "a"), node("Relu", ["a"], "z")],
    [scalar("m", -1)],
  ],
  [
    "two scalings",
    /scaled otherwise/,
    [
      node("Mul", ["x", "m"], "a"),
      node("Relu", ["a"], "b"),
      node("Relu", ["x"], "c"),
      node("Add", ["b", "c"], "z"),
    ],
    [scalar("m", 2)],
  ],
  ["an old opset", /version \(opset\) 6/, [node("Relu", ["x"], "z")], [], { opset: 6 }],
  ["a future opset", /version \(opset\) 99/, [node("Relu", ["x"], "z")], [], { opset: 99 }],
  [
    "pictures of any size",
    /has shape \[batch, 1, any, any\], but .* fixed size/,
    [node("Relu", ["x"], "z")],
    [],
    { input: ["n", 1, "h", "w"] },
  ],
  ["rows", /fixed size/, [node("Relu", ["x"], "z")], [], { input: ["n", 16] }],
  ["whole numbers", /of int64/, [node("Relu", ["x"], "z")], [], { elementType: ELEMENTS.int64 }],
  [
    "a reshape across images",
    /go on counting the images/,
    [node("Reshape", ["x", "s"], "z")],
    [ints("s", [16, -1])],
  ],
  [
    "a reshape to other pictures",
    /only rows of numbers/,
    [node("Reshape", ["x", "s"], "z")],
    [ints("s", [-1, 1, 2, 8])],
  ],
  [
    "a shape of 2^40",
    /holds more than the limit/,
    [node("Conv", ["x", "h"], "z")],
    [{ name: "h", dims: [2 ** 40, 1, 1, 1], dataType: 1, raw: new Uint8Array(8) }],
  ],
  [
    "numbers that are missing",
    /holds 36 numbers/,
    [node("Conv", ["x", "h"], "z")],
    [{ name: "h", dims: [4, 1, 3, 3], dataType: 1, raw: new Uint8Array(8) }],
  ],
  [
    "a type nobody reads",
    /type with the number 8/,
    [node("Conv", ["x", "h"], "z")],
    [{ name: "h", dims: [1], dataType: 8 }],
  ],
  [
    "a constant that grows",
    /far larger/,
    [node("ConstantOfShape", ["s"], "k"), node("Add", ["x", "k"], "z")],
    [ints("s", [2 ** 14, 2 ** 14])],
  ],
  [
    "circles",
    /before it gives its input "b"/,
    [node("Add", ["x", "b"], "a"), node("Relu", ["a"], "b"), node("Relu", ["b"], "z")],
  ],
  [
    "weights that are no numbers",
    /holds NaN/,
    [node("Conv", ["x", "h"], "z")],
    [floats("h", [1, 1, 1, 1], [Number.NaN])],
  ],
];

test.each(refused)("%s", async (_, says, nodes, initializers = [], options = {}) => {
  const end = head("z", 16);
  const bytes = graphFile([...nodes, ...end.nodes], [...initializers, ...end.initializers], options);
  expect(await refusalOf(bytes)).toMatch(says);
});

describe("files that lie", () => {
  test("a graph that is missing, empty, or has other ends", async () => {
    expect(await refusalOf(encoded("model", { irVersion: 8 }))).toMatch(/no graph/);
    const graph = (parts: object) =>
      encoded("model", {
        irVersion: 8,
        opsets: [{ domain: "", version: 17 }],
        graph: { nodes: [node("Relu", ["x"], "y")], ...parts },
      });
    expect(await refusalOf(graph({ outputs: [{ name: "y" }] }))).toMatch(/has 0 inputs/);
    const inputs = [{ name: "x" }, { name: "mask" }];
    expect(await refusalOf(graph({ inputs, outputs: [{ name: "y" }] }))).toMatch(
      /has 2 inputs \("x", "mask"\)/,
    );
    expect(await refusalOf(graph({ inputs: [inputs[0]] }))).toMatch(/has 0 outputs/);
    expect(await refusalOf(graph({ inputs: [inputs[0]], outputs: [{ name: "q" }] }))).toMatch(
      /fixed size|unknown type/,
    );
  });

  test.each<[string, number[]]>([
    ["a length beyond the end", [0x08, 8, 0x3a, 0xff, 0xff, 0xff, 0x7f]],
    ["a length below 0", [0x08, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
    ["a number without an end", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["the field 0", [0x00, 8]],
    ["groups, which ended with protobuf 1", [0x0b, 8]],
    ["a graph that is a number", [0x38, 8]],
    ["two graphs", [0x3a, 0, 0x3a, 0]],
    ["nothing at all", []],
  ])("%s", async (_, bytes) => {
    await refusalOf(Uint8Array.from(bytes));
  });

  const quickly = async (bytes: Uint8Array) => {
    // time of the processor, which others may be using, too
    const [begun, before] = [process.cpuUsage(), process.memoryUsage().rss];
    const message = await refusalOf(bytes);
    expect(process.cpuUsage(begun).user / 1000).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
    return message;
  };

  onlyLong(test)("a million nodes", async () => {
    const nodes = new Uint8Array(2_000_000);
    for (let k = 0; k < nodes.length; k += 2) nodes[k] = 0x0a;
    const length = [0x3a, 0x80, 0x89, 0x7a];
    expect(await quickly(Uint8Array.from([0x08, 8, ...length, ...nodes]))).toMatch(/more than 250,000 nodes/);
  });

  test("graphs within graphs, which aren't looked at", async () => {
    let inner: Uint8Array = new Uint8Array([8, 1]);
    const wrap = (key: number, bytes: Uint8Array) => {
      const length: number[] = [];
      for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
        length.push(rest < 128 ? rest : (rest % 128) + 128);
        if (rest < 128) break;
      }
      return Uint8Array.from([key, ...length, ...bytes]);
    };
    // an attribute's graph, a graph's node, a node's attribute
    for (let depth = 0; depth < 3000; depth++) inner = wrap([0x32, 0x0a, 0x2a][depth % 3], inner);
    await quickly(Uint8Array.from([0x08, 8, ...wrap(0x3a, inner)]));
  });

  test("long chains: of layers, of doubling constants, of functions", async () => {
    const chain = (count: number, operator: string) =>
      Array.from({ length: count }, (_, k) => node(operator, [k === 0 ? "x" : `c${k - 1}`], `c${k}`));
    const end = head("c10000", 16);
    expect(await quickly(graphFile([...chain(10_001, "Tanh"), ...end.nodes], end.initializers))).toMatch(
      /more than 10,000 layers/,
    );
    const doubled = Array.from({ length: 60 }, (_, k) =>
      node("Concat", [`k${k}`, `k${k}`], `k${k + 1}`, { axis: 0 }),
    );
    const sums = [node("Add", ["x", "k60"], "z"), ...head("z", 16).nodes];
    expect(
      await quickly(graphFile([...doubled, ...sums], [ints("k0", [1, 2]), ...end.initializers])),
    ).toMatch(/far larger/);
    const squares = Array.from({ length: 200 }, (_, k) => {
      const from = k === 0 ? "x" : `q${k - 1}`;
      return node("Mul", [from, from], `q${k}`);
    });
    await quickly(graphFile([...squares, ...head("q199", 16).nodes], end.initializers));
  });
});

test("it is known of every operator how many inputs it has", async () => {
  const { arities } = await import("../../dist/import/onnx/operators/arity.js");
  const { operators } = await import("../../dist/import/onnx/operators/index.js");
  const { folds } = await import("../../dist/import/onnx/folds.js");
  const all = new Set([...Object.keys(operators), ...Object.keys(folds)]);
  expect(Object.keys(arities).sort()).toEqual([...all].sort());
});
