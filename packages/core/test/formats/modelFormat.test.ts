import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { formatSafetensors, parseSafetensors } from "../../src/formats/safetensors.js";
import { defineModel, formatModel, initialParameters, type ModelSpec, parseModel } from "../../src/index.js";
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
  ["a loss that is written out", { loss: { type: "softmaxCrossEntropy" } }],
])("%s makes it format 2", (_, rest) => expect(metadataOf(rest)[KEY]).toBe("2"));

describe("a file of format", () => {
  const read = (format: string) => {
    const { metadata } = parseSafetensors(formatModel(smallModel()), "F");
    return () => parseModel(formatSafetensors(smallModel().parameters, { ...metadata, [KEY]: format }), "F");
  };

  test.each(["1", "2"])("%s is read", (format) =>
    expect(read(format)().parameters).toEqual(smallModel().parameters),
  );

  test.each(["3", "100"])("%s is refused", (format) =>
    expectInputError(
      read(format),
      new RegExp(
        `^F: it was written by a newer unravel \\(format ${format}; this reads 2\\); update unravel\\.$`,
      ),
    ),
  );

  test.each(["", "0", "-1", "2.5", "two", "1e400"])("%j is no number of a format", (format) =>
    expectInputError(read(format), /^F: "unravel\.format" in its metadata must be a whole number, not /),
  );
});
