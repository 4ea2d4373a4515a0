import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { defineModel, lenet5, type ModelSpec, parseSpec } from "../../src/index.js";

/*
 * Specs that can't be: each is refused with one sentence that names the layer and the option. Specs come from people's
 * files, so they are plain values here, whatever the types say.
 */

const end = [{ type: "flatten" }, { type: "dense", units: 10 }];

/** A network that is sound but for its first layer, or first layers. */
const before = (...layers: unknown[]) => ({ input: [1, 28, 28], layers: [...layers, ...end] });
const conv = (options: object) => before({ type: "conv2d", filters: 8, kernel: 3, ...options });
const pool = (options: object) => before({ type: "maxPool2d", size: 2, ...options });
const last = (layer: object) => ({ input: [1, 28, 28], layers: [{ type: "flatten" }, layer] });
const top = (keys: object) => ({ ...before(), ...keys });

type Case = readonly [what: string, spec: unknown, message: RegExp];

function table(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    test.each(cases)("%s", (_, spec, message) =>
      expectInputError(() => defineModel(spec as ModelSpec), message),
    );
  });
}

test("what the cases are built from is sound", () => {
  const specs: unknown[] = [before(), conv({}), pool({}), last({ type: "dense", units: 2 }), top({})];
  for (const spec of specs) {
    expect(defineModel(spec as ModelSpec).layers.length).toBeGreaterThan(1);
  }
});

const wholeFilters = (found: string) =>
  new RegExp(`^Layer 1, conv1: filters must be a whole number of at least 1, ${found}\\.$`);

table("the number of filters", [
  ["0", conv({ filters: 0 }), wholeFilters("not 0")],
  ["-1", conv({ filters: -1 }), wholeFilters("not -1")],
  ["2.5", conv({ filters: 2.5 }), wholeFilters("not 2.5")],
  ["a text", conv({ filters: "8" }), wholeFilters('not "8"')],
  ["null", conv({ filters: null }), wholeFilters("not null")],
  ["NaN", conv({ filters: NaN }), wholeFilters("not NaN")],
  ["infinite", conv({ filters: Infinity }), wholeFilters("not Infinity")],
  ["more than can be counted", conv({ filters: 2 ** 53 }), wholeFilters("not 9007199254740992")],
  ["a list", conv({ filters: [8] }), wholeFilters("not \\[8\\]")],
  ["an object", conv({ filters: { n: 8 } }), wholeFilters('not \\{"n": 8\\}')],
  ["missing", before({ type: "conv2d", kernel: 3 }), wholeFilters("but it is missing")],
  [
    "a billion",
    conv({ filters: 1e9 }),
    /^Layer 1, conv1: its weight \[1000000000, 1, 3, 3\] would hold 9,000,000,000 .* limit of 268,435,456; use fewer/,
  ],
  [
    "of outputs that don't fit into memory",
    conv({ filters: 1e6 }),
    /^Layer 1, conv1: its output \[1000000, 26, 26\] would hold .* use fewer filters or less padding/,
  ],
  [
    "wrong in the second convolution",
    before(conv({}).layers[0], { type: "relu" }, { type: "conv2d", filters: 0, kernel: 3 }),
    /^Layer 3, conv2: filters must be .* not 0/,
  ],
]);

table("kernels", [
  [
    "missing",
    before({ type: "conv2d", filters: 8 }),
    /^Layer 1, conv1: kernel must be .*, but it is missing/,
  ],
  ["0", conv({ kernel: 0 }), /^Layer 1, conv1: kernel must be a whole number of at least 1, not 0/],
  ["[3]", conv({ kernel: [3] }), /^Layer 1, conv1: kernel must be one number or \[vert.*\], not \[3\]/],
  ["[3, 3, 3]", conv({ kernel: [3, 3, 3] }), /kernel must be one number or .*, not \[3, 3, 3\]/],
  ["[0, 3]", conv({ kernel: [0, 3] }), /^Layer 1, conv1: each number of kernel must be .* at least 1, not 0/],
  ["[3, null]", conv({ kernel: [3, null] }), /each number of kernel must be .*, not null/],
  [
    "larger than the image",
    conv({ kernel: 29 }),
    /^Layer 1, conv1: its window reaches over 29x29 cells, but its input is 28x28; use a smaller window/,
  ],
  [
    "larger than the padded image",
    conv({ kernel: [3, 33], padding: [0, 2, 0, 2] }),
    /over 3x33 cells, but its input is 28x28 \(28x32 with padding \[0, 2, 0, 2\]\); .* more padding/,
  ],
  ["spread too far", conv({ dilation: 14 }), /its window reaches over 29x29 cells, but its input is 28x28/],
  ["beyond all bounds", conv({ kernel: 1e15 }), /^Layer 1, conv1: its window reaches over 1000000000000000x/],
  ["a list of lists", conv({ kernel: [[3, 3]] }), /kernel must be one number or .*, not \[\[3, 3\]\]/],
]);

table("strides, dilations, biases", [
  ["stride 0", conv({ stride: 0 }), /^Layer 1, conv1: stride must be a whole number of at least 1, not 0/],
  ["stride [1, 0]", conv({ stride: [1, 0] }), /each number of stride must be .* at least 1, not 0/],
  ["dilation 0", conv({ dilation: 0 }), /^Layer 1, conv1: dilation must be .* at least 1, not 0/],
  ["bias 1", conv({ bias: 1 }), /^Layer 1, conv1: bias must be true or false, not 1/],
  ["pool stride 0", pool({ stride: 0 }), /^Layer 1, pool1: stride must be .* at least 1, not 0/],
]);

const paddings = (found: string) =>
  new RegExp(
    `^Layer 1, conv1: padding must be one number, \\[top, right, bottom, left\\] or "same", ${found}`,
  );

table("padding", [
  ["-1", conv({ padding: -1 }), /^Layer 1, conv1: padding must be a whole number of at least 0, not -1/],
  ["0.5", conv({ padding: 0.5 }), /padding must be a whole number of at least 0, not 0.5/],
  ["a word of other libraries", conv({ padding: "valid" }), paddings('not "valid"; write 0 for "valid"')],
  ["another word", conv({ padding: "full" }), paddings('not "full"\\.')],
  ["[1, 1]", conv({ padding: [1, 1] }), paddings("not \\[1, 1\\]")],
  ["an object", conv({ padding: { top: 1 } }), paddings('not \\{"top": 1\\}')],
  ["[0, 0, 0, -1]", conv({ padding: [0, 0, 0, -1] }), /each number of padding must be .* at least 0, not -1/],
  [
    "as large as the pool",
    pool({ padding: 2 }),
    /^Layer 1, pool1: padding \[2, 2, 2, 2\] must be smaller than the window 2x2/,
  ],
  [
    "a billion",
    conv({ padding: 1e9 }),
    /^Layer 1, conv1: its output \[8, .* use fewer filters or less padding/,
  ],
]);

table("groups", [
  ["none", conv({ groups: 0 }), /^Layer 1, conv1: groups must be a whole number of at least 1, not 0\.$/],
  [
    "a text",
    conv({ groups: "2" }),
    /^Layer 1, conv1: groups must be a whole number of at least 1, not "2"\.$/,
  ],
  [
    "of one channel",
    conv({ groups: 2 }),
    /^Layer 1, conv1: groups must divide its 1 input channel and its 8 filters, and 2 doesn't; leave it out, or change the number of filters\.$/,
  ],
  [
    "that don't divide the channels",
    before({ type: "conv2d", filters: 6, kernel: 1 }, { type: "conv2d", filters: 8, kernel: 1, groups: 4 }),
    /^Layer 2, conv2: groups must divide its 6 input channels and its 8 filters, and 4 doesn't; take 1, 2, or change the number of filters\.$/,
  ],
  [
    "that don't divide the filters",
    before(
      { type: "conv2d", filters: 12, kernel: 1 },
      { type: "conv2d", filters: 14, kernel: 1, groups: 12 },
    ),
    /^Layer 2, conv2: groups must divide its 12 input channels and its 14 filters, and 12 doesn't; take 1, 2, or/,
  ],
  [
    "of many channels",
    before(
      { type: "conv2d", filters: 2 ** 18, kernel: 28 },
      { type: "conv2d", filters: 2 ** 18, kernel: 1, groups: 3 },
    ),
    /input channels and its 262,?144 filters, and 3 doesn't; take 1, 2, 4, 8, 16, 32, 64, 128, \.\.\., or change/,
  ],
  [
    "a huge number",
    conv({ groups: 2 ** 53 }),
    /^Layer 1, conv1: groups must be a whole number of at least 1, not 9007199254740992\.$/,
  ],
]);

table("pools", [
  ["no size", before({ type: "maxPool2d" }), /^Layer 1, pool1: size must be .*, but it is missing/],
  ["of the size 0", pool({ size: 0 }), /^Layer 1, pool1: size must be a whole number of at least 1, not 0/],
  ["larger than the image", pool({ size: 29 }), /^Layer 1, pool1: its window reaches over 29x29 cells/],
  [
    "one too many",
    before(...Array(5).fill({ type: "maxPool2d", size: 2 })),
    /^Layer 5, pool5: its window reaches over 2x2 cells, but its input is 1x1; .* fewer layers that shrink/,
  ],
]);

const slopes = (found: string) =>
  new RegExp(`^Layer 1, leaky1: slope must be a finite number, not ${found}\\.$`);

table("leaky ReLUs", [
  ["a slope that is a text", before({ type: "leakyRelu", slope: "0.1" }), slopes('"0.1"')],
  ["a list of slopes", before({ type: "leakyRelu", slope: [0.1] }), slopes("\\[0.1\\]")],
  ["NaN", before({ type: "leakyRelu", slope: NaN }), slopes("NaN")],
  ["an infinite slope", before({ type: "leakyRelu", slope: -Infinity }), slopes("-Infinity")],
  [
    "a slope that float32 can't hold",
    before({ type: "leakyRelu", slope: 1e300 }),
    /^Layer 1, leaky1: slope must be 0 or from 1\.2e-38 to 3\.4e\+38 in size, which is what float32 holds, not 1e\+300\.$/,
  ],
]);

const forms = (found: string) =>
  new RegExp(`^Layer 1, gelu1: approximate must be "none" or "tanh", not ${found}`);

table("GELU", [
  ["a form that is a truth value", before({ type: "gelu", approximate: true }), forms("true\\.$")],
  ["a form that isn't known", before({ type: "gelu", approximate: "erf" }), forms('"erf"\\.$')],
  [
    "a form that is misspelt",
    before({ type: "gelu", approximate: "tahn" }),
    forms('"tahn" \\(did you mean "tanh"'),
  ],
]);

const norm = (options: object) => before({ type: "batchNorm2d", ...options });
const notAboveZero = /^Layer 1, norm1: eps must be above 0 and from 1\.2e-38 to 3\.4e\+38 in size, .*, not /;
const momenta = (found: string) =>
  new RegExp(`^Layer 1, norm1: momentum must be from 0 to 1, not ${found}\\.$`);

table("batch normalisation", [
  ["eps 0", norm({ eps: 0 }), notAboveZero],
  ["eps below 0", norm({ eps: -1e-5 }), notAboveZero],
  ["eps that float32 can't hold", norm({ eps: 1e-50 }), notAboveZero],
  ["eps NaN", norm({ eps: NaN }), /^Layer 1, norm1: eps must be a finite number, not NaN\.$/],
  ["eps that is a text", norm({ eps: "1e-5" }), /^Layer 1, norm1: eps must be a finite number, not "1e-5"/],
  ["momentum 2", norm({ momentum: 2 }), momenta("2")],
  ["momentum below 0", norm({ momentum: -0.1 }), momenta("-0\\.1")],
  [
    "momentum null",
    norm({ momentum: null }),
    /^Layer 1, norm1: momentum must be a finite number, not null\.$/,
  ],
  [
    "of images behind flatten",
    before({ type: "flatten" }, { type: "batchNorm2d" }),
    /^Layer 2, norm1: it takes \[channels, height, width\], but gets \[784\]; batchNorm1d takes \[features\], such as/,
  ],
  [
    "of features before flatten",
    before({ type: "batchNorm1d" }),
    /^Layer 1, norm1: it takes \[features\], .*, but gets \[1, 28, 28\]; batchNorm2d takes \[channels, height, width\]\.$/,
  ],
]);

const rates = (found: string) =>
  new RegExp(`^Layer 1, dropout1: rate must be from 0 to below 1, not ${found}: it is the share`);

table("dropout", [
  ["rate 1", before({ type: "dropout", rate: 1 }), rates("1")],
  ["a rate in percent", before({ type: "dropout", rate: 50 }), rates("50")],
  ["a rate below 0", before({ type: "dropout", rate: -0.1 }), rates("-0\\.1")],
  [
    "a rate that is a text",
    before({ type: "dropout", rate: "0.5" }),
    /^Layer 1, dropout1: rate must be a finite number, not "0\.5"\.$/,
  ],
]);

table("dense layers", [
  ["no units", last({ type: "dense" }), /^Layer 2, fc1: units must be .*, but it is missing/],
  ["0 units", last({ type: "dense", units: 0 }), /^Layer 2, fc1: units must be .* at least 1, not 0/],
  ["a billion units", last({ type: "dense", units: 1e9 }), /^Layer 2, fc1: its weight .* use fewer units/],
  ["bias null is left out, bias 0 isn't", last({ type: "dense", units: 2, bias: 0 }), /bias must be true or/],
]);

table("types", [
  [
    "unknown",
    before({ type: "conv" }),
    /^Layer 1: unknown type "conv"; known types are conv2d, relu, leakyRelu, sigmoid, tanh, silu, gelu, maxPool2d, averagePool2d, globalAveragePool2d, batchNorm2d, batchNorm1d, dropout, add, concat, flatten, dense/,
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
    norm({ epsilon: 1e-3 }),
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
