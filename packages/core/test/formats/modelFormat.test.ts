import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { formatSafetensors, parseSafetensors } from "../../src/formats/safetensors.js";
import { checkParameters } from "../../src/graph/parameters.js";
import { defineModel, formatModel, initialParameters, type ModelSpec, parseModel } from "../../src/index.js";
import { copyAll, type NamedTensors, tensor } from "../../src/tensor.js";
import { randomParameters } from "../support/networks.js";
import { smallModel } from "../support/smallModel.js";

/* The number of a model file's format: written where older readers would lack something, refused where it is newer. */

const KEY = "unravel.format";
const end: ModelSpec["layers"] = [{ type: "flatten" }, { type: "dense", units: 2 }];
const metadataOf = (rest: Partial<ModelSpec>) => {
  const model = defineModel({ input: [1, 4, 4], layers: end, ...rest });
  return parseSafetensors(formatModel({ model, parameters: initialParameters(model, 1) }), "F").metadata;
};

test("a file that uses nothing new says nothing of formats", () => {
  expect(metadataOf({})).not.toHaveProperty(KEY);
  expect(parseSafetensors(formatModel(smallModel()), "F").metadata).not.toHaveProperty(KEY);
});

test.each<[string, Partial<ModelSpec>]>([
  ["a name", { layers: [{ type: "relu", name: "gate" }, ...end] }],
  ["a way past a layer", { layers: [{ type: "relu", from: "x" }, ...end] }],
  ["a kind of layer that is new", { layers: [{ type: "averagePool2d", size: 2 }, ...end] }],
  ["groups", { layers: [{ type: "conv2d", filters: 1, kernel: 1, groups: 1 }, ...end] }],
  ["batch normalisation", { layers: [{ type: "batchNorm2d" }, ...end] }],
  ["dropout", { layers: [{ type: "dropout" }, ...end] }],
  ["a loss that is written out", { loss: { type: "softmaxCrossEntropy" } }],
])("%s makes it format 2", (_, rest) => expect(metadataOf(rest)[KEY]).toBe("2"));

describe("running statistics", () => {
  const model = defineModel({
    input: [2, 4, 4],
    layers: [
      { type: "batchNorm2d" },
      { type: "flatten" },
      { type: "dense", units: 2 },
      { type: "batchNorm1d" },
    ],
  });
  const parameters = randomParameters(model, 3);
  const floats = copyAll(parameters, "float32");

  test("are in the file, behind the parameters, and come back", () => {
    const bytes = formatModel({ model, parameters: floats });
    const names = parseSafetensors(bytes, "F").tensors.map(({ name }) => name);
    expect(names.slice(-4)).toEqual([
      "norm1.running_mean",
      "norm1.running_var",
      "norm2.running_mean",
      "norm2.running_var",
    ]);
    const read = parseModel(bytes, "F");
    expect(read.parameters).toEqual(floats);
    expect(read.leftOut).toEqual([]);
  });

  test("how many batches PyTorch has counted is left out", () => {
    const { metadata } = parseSafetensors(formatModel({ model, parameters: floats }), "F");
    const counted = { ...floats, "norm1.num_batches_tracked": tensor([], [469]) };
    // PyTorch counts in 64-bit integers, which no parameter may be; as many zeros are the same number of bytes
    const file = formatSafetensors(
      { ...counted, "norm2.num_batches_tracked": tensor([2], [0, 0]) },
      metadata,
    );
    const text = Buffer.from(file).toString("latin1");
    const integers = text.replace(
      /("norm2\.num_batches_tracked":\{"dtype":)"F32","shape":\[2\]/,
      '$1"I64","shape":[ ]',
    );
    expect(integers).not.toBe(text);
    const read = parseModel(Buffer.from(integers, "latin1"), "F");
    expect(read.parameters).toEqual(floats);
    expect([...read.leftOut].sort()).toEqual(["norm1.num_batches_tracked", "norm2.num_batches_tracked"]);
  });

  test("a layer that keeps nothing has no such count", async () => {
    const { metadata } = parseSafetensors(formatModel({ model, parameters: floats }), "F");
    const counted = { ...floats, "fc1.num_batches_tracked": tensor([], [469]) };
    await expectInputError(
      () => parseModel(formatSafetensors(counted, metadata), "F"),
      /^F: The model has no parameter "fc1\.num_batches_tracked"\.$/,
    );
  });

  test.each<[string, NamedTensors, RegExp]>([
    ["a mean is missing", omit("norm1.running_mean"), /^The parameter norm1\.running_mean is missing\.$/],
    [
      "a variance has another shape",
      { ...floats, "norm2.running_var": tensor([3], [1, 1, 1]) },
      /^The parameter norm2\.running_var has shape \[3\], but the model needs \[2\]\.$/,
    ],
    [
      "a variance is no number",
      { ...floats, "norm2.running_var": tensor([2], [1, NaN]) },
      /^The parameter norm2\.running_var holds NaN at number 1\.$/,
    ],
    [
      "a variance is below 0",
      { ...floats, "norm2.running_var": tensor([2], [1, -0.5]) },
      /^The parameter norm2\.running_var holds -0\.5 at number 1, but such numbers are at least 0\.$/,
    ],
    [
      "a layer keeps nothing of that name",
      { ...floats, "norm1.running_std": tensor([2], [1, 1]) },
      /^The model has no parameter "norm1\.running_std" \(did you mean "norm1\.running_\w+"\?\)\.$/,
    ],
  ])("%s", (_, wrong, message) => expectInputError(() => checkParameters(model, wrong), message));

  function omit(name: string): NamedTensors {
    const { [name]: _, ...rest } = floats;
    return rest;
  }
});

describe("a file of format", () => {
  const read = (format: string) => {
    const { metadata } = parseSafetensors(formatModel(smallModel()), "F");
    return () => parseModel(formatSafetensors(smallModel().parameters, { ...metadata, [KEY]: format }), "F");
  };

  test.each(["1", "2", "3"])("%s is read", (format) =>
    expect(read(format)().parameters).toEqual(smallModel().parameters),
  );

  test.each(["4", "100"])("%s is refused", (format) =>
    expectInputError(
      read(format),
      new RegExp(
        `^F: it was written by a newer unravel \\(format ${format}; this reads 3\\); update unravel\\.$`,
      ),
    ),
  );

  test.each(["", "0", "-1", "2.5", "two", "1e400"])("%j is no number of a format", (format) =>
    expectInputError(read(format), /^F: "unravel\.format" in its metadata must be a whole number, not /),
  );
});
