import { expect, test } from "vitest";
import { resolveLoss } from "../../src/losses/index.js";
import { type LossSpec, meanLoss } from "../../src/losses/loss.js";
import { copyOf } from "../../src/tensor.js";
import { EPSILON, expectTensor, expectWithin } from "../support/compare.js";
import { readGolden } from "../support/goldenFile.js";

/* Every loss with its options, with and without class weights, against PyTorch's, also on scores that are far apart. */

const { about, tensors: golden } = readGolden<{
  readonly labels: readonly number[];
  readonly cases: readonly {
    readonly name: string;
    readonly spec: LossSpec;
    readonly classWeights: readonly number[] | null;
    /** Several labels at once. */
    readonly labels?: readonly number[];
  }[];
}>("losses");

test.each(about.cases)("$name", ({ name, spec, classWeights, labels = about.labels }) => {
  const plain = resolveLoss(spec);
  const loss = classWeights === null ? plain : plain.weighted(classWeights);
  const losses = loss.values(golden.logits, labels);
  for (const [n, value] of losses.entries()) {
    const expected = golden[`${name}/losses`].data[n];
    expectWithin(`loss ${n}`, [value], [expected], 16 * EPSILON.float64 * Math.max(1, expected));
  }
  const mean = golden[`${name}/loss`].data[0];
  expectWithin("loss", [meanLoss(loss, golden.logits, labels)], [mean], 1e-14 * mean);
  for (const dtype of ["float64", "float32"] as const) {
    const gradient = loss.inputGradient(copyOf(golden.logits, dtype), labels);
    expectTensor("grad.logits", gradient, golden[`${name}/grad.logits`], 32 * EPSILON[dtype]);
  }
});

test("label smoothing of 0 is the plain loss", () => {
  expect(resolveLoss({ type: "softmaxCrossEntropy", labelSmoothing: 0 })).toBe(resolveLoss(undefined));
});
