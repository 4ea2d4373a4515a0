import { expect, test } from "vitest";
import { softmax, softmaxInputGradient } from "../../src/losses/softmax.js";
import {
  crossEntropies,
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
} from "../../src/losses/softmaxCrossEntropy.js";
import { copyOf } from "../../src/tensor.js";
import { EPSILON, expectTensor, expectWithin } from "../support/compare.js";
import { readGolden } from "../support/goldenFile.js";

/*
 * Softmax and the loss against PyTorch's, on ordinary scores and on extreme ones: e^1000 is no number, e^-745 the
 * smallest there is. Each is a handful of operations on 7 numbers, so 16 roundings of room are plenty.
 */

const { about, tensors: golden } = readGolden<{ readonly labels: readonly number[] }>("softmax");

for (const dtype of ["float64", "float32"] as const) {
  const tolerance = 16 * EPSILON[dtype];
  const logits = copyOf(golden.logits, dtype);

  test(`probabilities in ${dtype}`, () => {
    const p = softmax(logits);
    expectTensor("probs", p, golden.probs, tolerance);
    // also the tiny ones, each by itself
    for (let k = 0; k < p.data.length; k++) {
      const expected = golden.probs.data[k];
      const smallest = dtype === "float32" ? 1e-36 : 1e-305; // below, numbers have fewer digits
      if (expected > smallest) expectWithin(`p ${k}`, [p.data[k]], [expected], tolerance * expected);
    }
  });

  test(`the gradient through softmax alone in ${dtype}`, () => {
    const gradient = softmaxInputGradient(logits, copyOf(golden["grad.probs"], dtype));
    expectTensor("grad.logits", gradient, golden["grad.logits.of.softmax"], tolerance);
  });

  test(`the gradient of the loss in ${dtype}`, () => {
    const gradient = softmaxCrossEntropyGradient(logits, about.labels);
    expectTensor("grad.logits", gradient, golden["grad.logits"], tolerance);
  });
}

test("the loss of each row, and their mean", () => {
  const losses = crossEntropies(golden.logits, about.labels);
  for (let n = 0; n < losses.length; n++) {
    const expected = golden.losses.data[n];
    expectWithin(`loss ${n}`, [losses[n]], [expected], 4 * EPSILON.float64 * Math.max(1, expected));
  }
  const mean = golden.loss.data[0];
  expectWithin("loss", [softmaxCrossEntropy(golden.logits, about.labels)], [mean], 1e-15 * mean);
});

test("what is not a number stays visible", () => {
  const broken = { shape: [1, 3], data: Float64Array.of(1, NaN, 2) };
  expect(Array.from(softmax(broken).data)).toEqual([NaN, NaN, NaN]);
  expect(softmaxCrossEntropy(broken, [0])).toBeNaN();
});
