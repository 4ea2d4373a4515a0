import { before, conv, last, pool, table } from "../support/badSpecs.js";

/* Options of layers that can't be: each is refused with one sentence that names the layer and the option. */

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
