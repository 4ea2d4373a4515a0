import { expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { formatSafetensors } from "../../src/formats/safetensors.js";
import {
  defineModel,
  initialParameters,
  type ModelSpec,
  type NamedTensors,
  parseStateDict,
} from "../../src/index.js";

/* What PyTorch's users save: the weights, under the names of their own modules. */

const spec: ModelSpec = {
  input: [1, 12, 12],
  layers: [
    { type: "conv2d", filters: 4, kernel: 3, padding: 1 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "conv2d", filters: 4, kernel: 3, padding: 1 },
    { type: "conv2d", filters: 4, kernel: 3, padding: 1 },
    { type: "flatten" },
    { type: "dense", units: 10 },
  ],
};
const parameters = initialParameters(defineModel(spec), 3);

/** The tensors under other module names, in PyTorch's order: by name. */
function saved(modules: Readonly<Record<string, string>>, more: NamedTensors = {}): Uint8Array {
  const renamed = Object.entries(parameters).map(([name, value]) => {
    const [layer, leaf] = name.split(".");
    return [`${modules[layer]}.${leaf}`, value] as const;
  });
  const all = [...renamed, ...Object.entries(more)].sort(([a], [b]) => (a < b ? -1 : 1));
  return formatSafetensors(Object.fromEntries(all), { format: "pt" });
}

const own = { conv1: "conv1", norm1: "norm1", conv2: "conv2", conv3: "conv3", fc1: "fc1" };
const names: readonly [string, Readonly<Record<string, string>>][] = [
  ["its own", own],
  // 10 comes before 2 in the file
  ["of a Sequential", { conv1: "0", norm1: "1", conv2: "2", conv3: "10", fc1: "12" }],
  [
    "of two parts",
    {
      conv1: "features.0",
      norm1: "features.1",
      conv2: "features.3",
      conv3: "features.11",
      fc1: "classifier.1",
    },
  ],
  ["of a class", { conv1: "stem", norm1: "bn", conv2: "conv_1", conv3: "conv_2", fc1: "head" }],
];
test.each(names)("names: %s", (_, modules) => {
  const counter = { [`${modules.norm1}.num_batches_tracked`]: { shape: [1], data: Float32Array.of(9) } };
  const read = parseStateDict(saved(modules, counter), "net.safetensors", spec);
  expect(read.leftOut).toEqual(Object.keys(counter));
  expect(Object.keys(read.parameters).sort()).toEqual(Object.keys(parameters).sort());
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    expect(read.parameters[name].shape).toEqual(shape);
    expect(read.parameters[name].data).toEqual(data);
  }
});

const unclear: readonly [string, Uint8Array, RegExp][] = [
  [
    "two of one form, without numbers",
    saved({ ...own, conv2: "left", conv3: "right" }),
    /isn't clear: with bias \[4\], weight \[4, 4, 3, 3\] the network has "conv2", "conv3", the file "left", "right"; mend/,
  ],
  [
    "one too many",
    saved(own, { "extra.weight": { shape: [2], data: new Float32Array(2) } }),
    /with weight \[2\] the network has none, the file "extra";/,
  ],
  [
    "another shape, under its own name",
    formatSafetensors({ ...parameters, "fc1.bias": { shape: [9], data: new Float32Array(9) } }),
    /^net\.safetensors: The parameter fc1\.bias/,
  ],
  ["none", formatSafetensors({}), /the network has "conv1", the file none;/],
];
test.each(unclear)("unclear: %s", (_, bytes, message) =>
  expectInputError(() => parseStateDict(bytes, "net.safetensors", spec), message),
);
