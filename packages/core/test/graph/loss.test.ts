import { expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { defineModel, type ModelSpec } from "../../src/index.js";

/* The `loss` of a spec. */

const withLoss = (loss?: unknown) =>
  defineModel({
    input: [1, 4, 4],
    layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
    ...(loss !== undefined && { loss }),
  } as ModelSpec);

test.each<[string, unknown, RegExp]>([
  [
    "a name alone",
    "mse",
    /^The model spec, "loss": it must be an object like \{ "type": "softmaxCrossEntropy" \}, not "mse"; known types are softmaxCrossEntropy, meanSquaredError, binaryCrossEntropy\.$/,
  ],
  ["without a type", {}, /^The model spec, "loss": "type" is missing; known types are /],
  [
    "a type that there isn't",
    { type: "softmaxCrossEntropi" },
    /^The model spec, "loss": unknown type "softmaxCrossEntropi" \(did you mean "softmaxCrossEntropy"\?\); known types are /,
  ],
  ["a type that every object has", { type: "constructor" }, /unknown type "constructor"/],
  [
    "an unknown option",
    { type: "softmaxCrossEntropy", scale: 2 },
    /^The model spec, "loss": unknown option "scale"/,
  ],
])("%s", (_, loss, message) => expectInputError(() => withLoss(loss), message));

test("the loss may be written out", () => {
  expect(withLoss({ type: "softmaxCrossEntropy" }).loss).toBe(withLoss().loss);
});
