import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { checkArrays, type ModelSpec } from "../../src/index.js";
import { type Arrays, mapArray, RIGHT, SMALL, saysOf, stepOf, without } from "../support/checkedSteps.js";

/*
 * Binary cross-entropy whose probabilities are 0 or 1 to the last digit, right ones and wrong ones, as people keep the logarithms
 * from infinity. Nothing of that is a mistake.
 */

const round = Math.fround;
const spec: ModelSpec = { ...SMALL, loss: { type: "binaryCrossEntropy" } };

/** What people do about the logarithm of 0: minus the logarithm of the right answer's probability. */
const WAYS: Record<string, (p: number, y: number, z: number) => number> = {
  "from the scores": (_, y, z) => Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z))),
  "bounded by 100": (p, y) => Math.min(100, -Math.log(y === 1 ? p : 1 - p)),
  "p cut to [1e-7, 1 - 1e-7]": (p, y) => {
    const cut = Math.min(round(1 - 1e-7), Math.max(round(1e-7), p));
    return -Math.log(y === 1 ? cut : round(1 - cut));
  },
  "1e-8 added": (p, y) => -Math.log(round((y === 1 ? p : round(1 - p)) + 1e-8)),
};

/** A step in float32 whose scores are so large, summed over the classes and averaged over the images. */
function saturated(size: number, lossOf: (p: number, y: number, z: number) => number): Arrays {
  const step = without(stepOf(spec, { dtype: "float32" }), /^new|^grad\.(?!fc1\.out)/);
  const asked = Array.from(step.y.data).flatMap((label) => [0, 1, 2, 3].map((k) => (k === label ? 1 : 0)));
  const weight = mapArray(step["fc1.weight"], (value) => round(value * size));
  const flat = step["flatten1.out"];
  const bias = step["fc1.bias"];
  const [inputs, classes] = [flat.shape[1], 4];
  const scores = mapArray(step["fc1.out"], (_, k) => {
    const [n, unit] = [Math.floor(k / classes), k % classes];
    let sum = bias.data[unit];
    for (let i = 0; i < inputs; i++)
      sum = round(sum + round(flat.data[n * inputs + i] * weight.data[unit * inputs + i]));
    return sum;
  });
  const probs = mapArray(scores, (z) => round(1 / round(1 + round(Math.exp(-z)))));
  const images = step.y.data.length;
  const losses = Array.from(probs.data, (p, k) => lossOf(p, asked[k], scores.data[k]));
  const loss = losses.reduce((sum, one) => round(sum + round(one)), 0) / images;
  return {
    ...step,
    "fc1.weight": weight,
    "fc1.out": scores,
    probs,
    loss: { ...step.loss, data: Float32Array.of(loss) },
    "grad.fc1.out": mapArray(probs, (p, k) => round((p - asked[k]) / images)),
  };
}

const isSaturated = ({ probs: { data } }: Arrays) => data.some((p) => p === 0) && data.some((p) => p === 1);
const rows = Object.keys(WAYS).flatMap((way) => [40, 400].map((size) => [way, size] as const));

describe.each(sampleOf(rows, 1))("%s, weights %i times as large", (way, size) => {
  const step = saturated(size, WAYS[way]);

  test.each([
    ["with all arrays", /^$/],
    ["without probabilities", /^probs$/],
  ])("is right, %s", (_, missing) => {
    expect(isSaturated(step)).toBe(true);
    const given = without(step, missing);
    expect(saysOf(given)).toEqual(RIGHT);
    expect(checkArrays(given).conventions.map(({ name }) => name)).toContain("binary-cross-entropy");
  });

  test("and a loss, or a gradient, that is another one is still wrong", () => {
    const wrongLoss = { ...step, loss: mapArray(step.loss, (loss) => 1.3 * loss + 7) };
    expect(saysOf(wrongLoss).first).toBe("loss");
    const worst = step["grad.fc1.out"].data.indexOf(Math.max(...step["grad.fc1.out"].data));
    const wrongGradient = mapArray(step["grad.fc1.out"], (g, k) => (k === worst ? g / 2 : g));
    expect(saysOf({ ...step, "grad.fc1.out": wrongGradient }).first).toBe("grad.fc1.out");
  });
});

test("a gradient that vanishes where the sigmoid is saturated is said, and not blamed", () => {
  const step = saturated(400, WAYS["from the scores"]);
  const { probs } = step;
  const vanished = mapArray(step["grad.fc1.out"], (g, k) => ([0, 1].includes(probs.data[k]) ? 0 : g));
  const given = { ...step, "grad.fc1.out": vanished };
  expect(saysOf(given)).toEqual(RIGHT);
  expect(checkArrays(given).conventions.map(({ name }) => name)).toContain("saturated-sigmoid");
});

test("a loss of softmax from scores so large that no probability can be held is still compared", () => {
  const step = stepOf(SMALL, { dtype: "float32" });
  const scores = mapArray(step["fc1.out"], (_, k) => (k % 4 === 0 ? 900 : -900));
  const loss = { ...step.loss, data: Float32Array.of(12) };
  const { arrays } = checkArrays({ ...without(step, /^(grad|new)|^probs$/), "fc1.out": scores, loss });
  expect(arrays.find(({ name }) => name === "loss")?.status).toBe("differs");
});
