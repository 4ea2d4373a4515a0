import { expect, test } from "vitest";
import { renderReport } from "../../src/explain/index.js";
import { lossKinds } from "../../src/losses/index.js";
import type { LossSpec } from "../../src/losses/loss.js";
import { plainText, subjectOf, sumsIn, unbalancedTag } from "../support/reports.js";

/* What a report tells of losses other than the plain one. */

const withLoss = (loss: LossSpec) =>
  subjectOf(
    {
      input: [1, 6, 6],
      layers: [{ type: "conv2d", filters: 2, kernel: 3 }, { type: "flatten" }, { type: "dense", units: 4 }],
      loss,
    },
    { label: 2 },
  );

const lossText = (loss: number) => Number(loss.toPrecision(4)).toString().replace("-", "−");

test("the mean squared error: scores as they are, their squares, and no probability", () => {
  const subject = withLoss({ type: "meanSquaredError" });
  const html = renderReport(subject);
  expect(unbalancedTag(html)).toBeUndefined();
  const text = plainText(html);
  expect(text).toContain("the mean of the squares of what the scores are off");
  expect(text).toContain("/ 4 classes = ");
  expect(text).toContain(lossText(subject.trace.loss));
  expect(text).toContain("with a score of");
  expect(text).toContain("score of “2”");
  expect(text).not.toMatch(/softmax|probabilit|logarithm/i);
  for (const { lines, total, text: sum } of sumsIn(html)) {
    if (/left over by rounding/.test(sum)) continue;
    expect(lines.reduce((a, b) => a + b, 0)).toBe(total);
  }
});

test("the binary cross-entropy: a sigmoid for each class, and no softmax", () => {
  const subject = withLoss({ type: "binaryCrossEntropy" });
  const html = renderReport(subject);
  expect(unbalancedTag(html)).toBeUndefined();
  const text = plainText(html);
  expect(text).toContain("The sigmoid makes a probability of each score by itself");
  expect(text).toContain("here the binary cross-entropy");
  expect(text).toContain("/ 4 classes = ");
  expect(text).toContain(lossText(subject.trace.loss));
  expect(text).toContain(
    "says: “3” (60.11%) and “0” (57.09%). That is wrong: the label says “2”, which got 45.21%.",
  );
  expect(text).not.toMatch(/softmax/i);
  for (const { lines, total, text: sum } of sumsIn(html)) {
    if (/left over by rounding/.test(sum)) continue;
    expect(lines.reduce((a, b) => a + b, 0)).toBe(total);
  }
});

test.each(Object.keys(lossKinds))("%s has chapters forward and backward", (type) => {
  const html = renderReport(withLoss({ type }));
  expect(html).toContain('id="loss"');
  expect(html).toContain('id="grad-softmax"');
});

test("label smoothing: what the right class counts, and all others", () => {
  const subject = withLoss({ type: "softmaxCrossEntropy", labelSmoothing: 0.2 });
  const html = renderReport(subject);
  expect(unbalancedTag(html)).toBeUndefined();
  const text = plainText(html);
  expect(text).toMatch(/counts 0\.8\d*, and the mean of −ln of all classes’ probabilities the other 0\.2/);
  expect(text).toContain("0.8500"); // 1 - 0.2 + 0.2 / 4
  expect(text).toContain("0.0500");
  expect(text).toContain(lossText(subject.trace.loss));
});
