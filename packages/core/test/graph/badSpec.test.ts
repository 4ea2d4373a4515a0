import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { defineModel, lenet5, type ModelSpec, parseSpec } from "../../src/index.js";
import { before, conv, end, last, pool, table, top } from "../support/badSpecs.js";

/*
 * Specs that can't be: each is refused with one sentence that names the layer and the option. Wrong values of single layers'
 * options are in badOptions.test.ts.
 */

test("what the cases are built from is sound", () => {
  const specs: unknown[] = [before(), conv({}), pool({}), last({ type: "dense", units: 2 }), top({})];
  for (const spec of specs) {
    expect(defineModel(spec as ModelSpec).layers.length).toBeGreaterThan(1);
  }
});

table("types", [
  [
    "unknown",
    before({ type: "conv" }),
    /^Layer 1: unknown type "conv"; known types are conv2d, relu, leakyRelu, relu6, sigmoid, tanh, silu, gelu, maxPool2d, averagePool2d, globalAveragePool2d, batchNorm2d, batchNorm1d, dropout, add, concat, flatten, dense/,
  ],
  ["missing", before({ filters: 8 }), /^Layer 1: "type" is missing; known types are conv2d/],
  ["a number", before({ type: 3 }), /^Layer 1: unknown type 3; known/],
  [
    "softmax",
    { ...before(), layers: [...end, { type: "softmax" }] },
    /^Layer 3: softmax is part of the loss; leave/,
  ],
  ["constructor", before({ type: "constructor" }), /^Layer 1: unknown type "constructor"; known/],
  ["__proto__", before({ type: "__proto__" }), /^Layer 1: unknown type "__proto__"; known/],
  [
    "a layer that is a word",
    before("relu"),
    /^Layer 1: a layer must be an object like .*, not "relu"; known/,
  ],
  [
    "a layer that is null",
    before({ type: "relu" }, null),
    /^Layer 2: a layer must be an object .*, not null/,
  ],
  ["a layer that is a list", before(["relu"]), /^Layer 1: a layer must be an object .*, not \["relu"\]/],
]);

table("unknown options", [
  [
    "of a convolution",
    conv({ filter: 8 }),
    /conv1: unknown option "filter" \(did you mean "filters"\?\); known are filters, kernel, stride,/,
  ],
  [
    "of ReLU",
    before({ type: "relu", slope: 0.1 }),
    /^Layer 1, relu1: unknown option "slope"; leave it out, there are none\./,
  ],
  [
    "of a leaky ReLU",
    before({ type: "leakyRelu", alpha: 0.1 }),
    /^Layer 1, leaky1: unknown option "alpha"; known are slope\./,
  ],
  [
    "of ReLU6",
    before({ type: "relu6", max: 6 }),
    /^Layer 1, clip1: unknown option "max"; leave it out, there are none\./,
  ],
  ...["sigmoid", "tanh", "silu"].map(
    (type) =>
      [
        `of ${type}`,
        before({ type, approximate: "tanh" }),
        new RegExp(`^Layer 1, ${type}1: unknown option "approximate"; leave it out, there are none\\.$`),
      ] as const,
  ),
  [
    "of GELU",
    before({ type: "gelu", form: "tanh" }),
    /^Layer 1, gelu1: unknown option "form"; known are approximate\./,
  ],
  [
    "of a pool",
    pool({ dilation: 1 }),
    /^Layer 1, pool1: unknown option "dilation"; known are size, stride, padding\./,
  ],
  [
    "of global average-pooling",
    before({ type: "globalAveragePool2d", size: 2 }),
    /^Layer 1, gap1: unknown option "size"; leave it out, there are none\./,
  ],
  [
    "of a concatenation",
    before({ type: "concat", from: ["x", "x"], axis: 1 }),
    /^Layer 1, concat1: unknown option "axis"; leave it out, there are none\./,
  ],
  [
    "of batch normalisation",
    before({ type: "batchNorm2d", epsilon: 1e-3 }),
    /^Layer 1, norm1: unknown option "epsilon"( \(did you mean "eps"\?\))?; known are eps, momentum\.$/,
  ],
  [
    "of batch normalisation in PyTorch",
    last({ type: "batchNorm1d", affine: false }),
    /^Layer 2, norm1: unknown option "affine"; known are eps, momentum\.$/,
  ],
  [
    "of dropout",
    before({ type: "dropout", p: 0.5 }),
    /^Layer 1, dropout1: unknown option "p"; known are rate\.$/,
  ],
  [
    "of flatten",
    before({ type: "flatten", axis: 1 }),
    /^Layer 1, flatten1: unknown option "axis"; leave it out/,
  ],
  [
    "of a dense layer",
    last({ type: "dense", units: 2, activation: "relu" }),
    /fc1: unknown option "activation"/,
  ],
  ["as long as a book", conv({ ["k".repeat(1e6)]: 1 }), /^Layer 1, conv1: unknown option "k{50,80}…; known/],
]);

table("layers that don't follow on each other", [
  [
    "dense on an image",
    { input: [1, 28, 28], layers: [{ type: "dense", units: 10 }] },
    /^Layer 1, fc1: it needs a flat input, but its input has shape \[1, 28, 28\]; put \{ "type": "flatten" \} before/,
  ],
  [
    "a convolution on what is flat",
    before({ type: "flatten" }, { type: "conv2d", filters: 1, kernel: 1 }),
    /^Layer 2, conv1: it needs images of shape .*, but its input has shape \[784\]; put it before the flatten layer/,
  ],
  [
    "a pool on what is flat",
    before({ type: "flatten" }, pool({}).layers[0]),
    /^Layer 2, pool1: it needs images/,
  ],
]);

table("the end of the network", [
  [
    "an image",
    { input: [1, 28, 28], layers: [{ type: "relu" }] },
    /^The last layer, relu1, gives shape \[1, 28, 28\], but .* end with .*"flatten".*"dense"/,
  ],
  [
    "one class alone",
    last({ type: "dense", units: 1 }),
    /^The last layer, fc1, gives one number, .* at least 2 classes; give/,
  ],
  [
    "more classes than there are names for",
    { input: [1, 1, 1], layers: [{ type: "flatten" }, { type: "dense", units: 2 ** 28 }] },
    /^The last layer, fc1, gives 268435456 numbers, but a model can have at most 65536 classes/,
  ],
]);
const ten = Array.from({ length: 10 }, (_, k) => `class ${k}`);

table("classes", [
  [
    "too few",
    top({ classes: ["a", "b"] }),
    /"classes" has 2 names, but the last layer, fc1, gives 10 .* equal/,
  ],
  ["none", top({ classes: [] }), /^The model spec: "classes" has 0 names, but/],
  ["numbers", top({ classes: ten.map((_, k) => k) }), /"classes" must be a list of names .*, not \[0, 1, 2/],
  ["not a list", top({ classes: "cat" }), /"classes" must be a list of names .*, not "cat"/],
  ["null", top({ classes: null }), /"classes" must be a list of names .*, not null/],
  ["one twice", top({ classes: [...ten.slice(1), "class 3"] }), /"classes" has "class 3" twice; give each/],
]);

const normalize = (mean: unknown, std: unknown) => top({ normalize: { mean, std } });

table("normalisation", [
  [
    "two channels' for one",
    normalize([0, 0], [1]),
    /^The model spec, "normalize": mean must be a list of 1 number,/,
  ],
  ["std of 0", normalize([0], [0]), /"normalize": std must be a list of 1 positive number, .*, not \[0\]/],
  ["std below 0", normalize([0], [-1]), /std must be a list of 1 positive number, .* not \[-1\]/],
  ["NaN", normalize([NaN], [1]), /mean must be a list of 1 number, one for each channel, not \[NaN\]/],
  ["infinite", normalize([0], [Infinity]), /std must be .*, not \[Infinity\]/],
  ["a number", normalize(0, [1]), /mean must be a list of 1 number, one for each channel, not 0/],
  ["texts", normalize(["0"], [1]), /mean must be a list .*, not \["0"\]/],
  ["no std", top({ normalize: { mean: [0] } }), /std must be a list .*, but it is missing/],
  ["null", top({ normalize: null }), /"normalize": it must be an object like .*, not null/],
  ["a list", top({ normalize: [0, 1] }), /"normalize": it must be an object like .*, not \[0, 1\]/],
  [
    "an unknown key",
    top({ normalize: { mean: [0], sd: [1] } }),
    /unknown key "sd" \(did you mean "std"\?\); known are mean, std/,
  ],
  [
    "one std for three channels",
    { ...normalize([0, 0, 0], [1]), input: [3, 9, 9] },
    /a list of 3 positive numbers/,
  ],
]);

const pictures = (rule: object) => top({ pictures: { size: [28, 28], fit: "cover", grey: true, ...rule } });

table("pictures", [
  ["null", top({ pictures: null }), /^The model spec, "pictures": it must be an object like .*, not null\.$/],
  ["another size", pictures({ size: [32, 28] }), /"size" must be .*, \[28, 28\], not \[32, 28\]/],
  ["no size", top({ pictures: { fit: "cover", grey: true } }), /"size" must be .*, but it is missing/],
  ["another fit", pictures({ fit: "crop" }), /"fit" must be cover, contain, stretch, not "crop"/],
  [
    "colour for one channel",
    pictures({ grey: false }),
    /"grey" must be true, because the input has 1 channel,/,
  ],
  ["an unknown key", pictures({ color: 1 }), /unknown key "color"; known are size, fit, grey/],
]);

table("the input", [
  ["two sizes", top({ input: [28, 28] }), /"input" must be \[channels, height, width\], not \[28, 28\]/],
  [
    "four sizes",
    top({ input: [1, 1, 28, 28] }),
    /"input" must be \[channels, height, width\], not \[1, 1, 28/,
  ],
  ["a number", top({ input: 784 }), /"input" must be \[channels, height, width\], not 784/],
  ["missing", { layers: end }, /^The model spec: "input" must be .*, but it is missing/],
  ["nothing high", top({ input: [1, 0, 28] }), /each number of "input" must be .* at least 1, not 0/],
  ["a billion", top({ input: [1, 1e9, 28] }), /"input" \[1, 1000000000, 28\] is more than .* smaller images/],
  ["with a hole", top({ input: Array(3) }), /each number of "input" must be .*, but it is missing/],
]);

table("the spec as a whole", [
  ["no layers", top({ layers: [] }), /"layers" must be a list of at least one layer, not \[\]/],
  [
    "layers missing",
    { input: [1, 28, 28] },
    /"layers" must be a list of at least one layer, but it is missing/,
  ],
  [
    "layers that are no list",
    top({ layers: { type: "relu" } }),
    /"layers" must be a list .*, not \{"type": "relu"/,
  ],
  [
    "an unknown key",
    top({ name: "x" }),
    /^The model spec: unknown key "name"; known are input, layers, loss, classes/,
  ],
  ["a list", [1, 28, 28], /^A model spec must be an object like .*, not \[1, 28, 28\]/],
  ["null", null, /^A model spec must be an object like .*, not null/],
  ["a number", 3, /^A model spec must be an object like .*, not 3/],
  ["a text", "one-conv", /^A model spec must be an object like .*, not "one-conv"/],
  ["a function", lenet5, /^A model spec must be an object like .*, not a function/],
]);

describe("a spec as JSON", () => {
  test.each<readonly [string, string, RegExp]>([
    ["empty", "", /^The model spec is not valid JSON: Unexpected end/],
    ["cut short", '{ "input": [1, 28', /^The model spec is not valid JSON: /],
    ["with a comment over two lines", '{\n// images\n"input": 3 }', /^The model spec is not valid JSON: /],
    ["that is no JSON but quoted on two lines", '{ "input": x,\n "layers": [] }', /is not valid JSON: /],
    [
      "with a key twice",
      '{ "input": [1, 9, 9], "input": [1, 8, 8] }',
      /has the key "input" twice in one object/,
    ],
    ["with __proto__", '{ "__proto__": { "input": [1, 9, 9] } }', /unknown key "__proto__"; known are input/],
    [
      "with __proto__ in a layer",
      layersJson('{ "type": "relu", "__proto__": {} }'),
      /relu1: unknown option "__pro/,
    ],
    [
      "with a type from a prototype",
      layersJson('{ "__proto__": { "type": "relu" } }'),
      /^Layer 1: "type" is missing/,
    ],
    [
      "nested ten thousand deep",
      `{ "input": ${nested(10_000)}, "layers": [] }`,
      /"input" must be .*, not \[\[\[/,
    ],
    ["nested in a layer", layersJson(nested(10_000)), /^Layer 1: a layer must be an object .*, not \[\[\[/],
    [
      "nested in an option",
      layersJson(`{ "type": "conv2d", "filters": ${nested(10_000)} }`),
      /filters must be/,
    ],
  ])("%s", (_, json, message) => expectInputError(() => defineModel(parseSpec(json)), message));

  test("nothing of it reaches other objects", () => {
    const json = '{ "input": [1, 9, 9], "layers": [{ "type": "flatten" }, { "type": "dense", "units": 2 }]';
    expect(() => defineModel(parseSpec(`${json}, "__proto__": { "polluted": true } }`))).toThrow();
    expect(() =>
      defineModel(parseSpec(`${json}, "constructor": { "prototype": { "polluted": 1 } } }`)),
    ).toThrow();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

function layersJson(layer: string): string {
  return `{ "input": [1, 9, 9], "layers": [${layer}] }`;
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}
