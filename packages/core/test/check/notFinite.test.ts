import { expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { checkArrays } from "../../src/index.js";
import {
  type Arrays,
  mapArray,
  RIGHT,
  SMALL,
  saysOf,
  stepOf,
  TWICE,
  without,
  wrongAt,
} from "../support/checkedSteps.js";

/* Numbers that are none are named where they begin, and nothing behind them is blamed. */

/** A step in which an array is damaged, and everything that is computed from it, as it would be. */
function damaged(name: string, value: number, spread: RegExp): Arrays {
  return Object.fromEntries(
    Object.entries(stepOf(SMALL)).map(([own, array]) => {
      if (own === name) return [own, mapArray(array, (old, k) => (k === 0 ? value : old))];
      return [own, spread.test(own) ? mapArray(array, () => NaN) : array];
    }),
  );
}

const BEHIND_CONV = /^(relu1|pool1|flatten1|fc1)\.out|^probs|^loss|^grad|^new/;

test.each(
  sampleOf(
    [
      ["x", NaN, /^conv1\.out|^relu1\.out|^pool1\.out|^flatten1\.out|^fc1\.out|^probs|^loss|^grad|^new/],
      ["x", Infinity, /^conv1\.out|^relu1\.out|^pool1\.out|^flatten1\.out|^fc1\.out|^probs|^loss|^grad|^new/],
      ["conv1.weight", NaN, /^(conv1|relu1|pool1|flatten1|fc1)\.out|^probs|^loss|^grad|^new/],
      ["fc1.bias", -Infinity, /^fc1\.out|^probs|^loss|^grad|^new/],
      ["conv1.out", Infinity, BEHIND_CONV],
      ["loss", NaN, /^nothing$/],
      ["grad.fc1.out", NaN, /^grad\.(?!fc1\.out)|^new/],
      ["new.fc1.weight", Infinity, /^nothing$/],
      ["lr", NaN, /^new/],
    ] as const,
    2,
  ),
)("%s with %f is named, and nothing else", (name, value, spread) => {
  const arrays = damaged(name, value, spread);

  const { agrees, first, mistakes, notJudged } = checkArrays(arrays);

  expect({ agrees, first, mistakes: mistakes.map((one) => `${one.name}@${one.array}`) }).toEqual(
    wrongAt(name, "not-finite"),
  );
  expect(mistakes[0].why).toContain("Likely, ");
  for (const lost of Object.keys(arrays).filter((one) => spread.test(one))) expect(notJudged).toContain(lost);
});

test("what doesn't depend on a damaged array is still judged", () => {
  const arrays = without(damaged("loss", NaN, /^nothing$/), /^new/);
  const twice = { ...arrays, "grad.fc1.weight": mapArray(arrays["grad.fc1.weight"], (value) => 3 * value) };

  const { first, mistakes } = checkArrays(twice);

  expect(first).toBe("loss");
  expect(mistakes.map(({ name, array }) => [name, array])).toEqual([
    ["not-finite", "loss"],
    ["batch-mean-left-out", "grad.fc1.weight"],
  ]);
});

test("a softmax that overflows keeps its own name", () => {
  const step = stepOf({ ...SMALL, layers: SMALL.layers });
  const large = mapArray(step["fc1.out"], (value, k) => (k === 0 ? 800 : value));
  const probs = mapArray(step.probs, (value, k) => (k === 0 ? NaN : k < 4 ? 0 : value));

  const report = checkArrays(
    {
      x: step.x,
      y: step.y,
      "fc1.weight": step["fc1.weight"],
      "conv1.weight": step["conv1.weight"],
      "conv1.bias": step["conv1.bias"],
      "fc1.bias": step["fc1.bias"],
      "fc1.out": large,
      probs,
    },
    { model: SMALL },
  );

  expect(report.mistakes.map(({ name }) => name)).toContain("softmax-overflow");
  expect(report.agrees).toBe(false);
});

test("an infinite loss that follows from a probability of 0 is said, and not blamed", () => {
  const step = stepOf(SMALL);
  const right = Number(step.y.data[0]);
  const classes = step.probs.shape[1];
  const probs = mapArray(step.probs, (value, k) =>
    k >= classes ? value : k === right ? 0 : k === (right + 1) % classes ? 1 : 0,
  );
  const scores = mapArray(step["fc1.out"], (value, k) =>
    k >= classes ? value : k === (right + 1) % classes ? 0 : -2000,
  );
  const kept = Object.fromEntries(
    ["x", "y", "conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"].map((name) => [name, step[name]]),
  );

  const { arrays, notes } = checkArrays(
    { ...kept, "fc1.out": scores, probs, loss: { ...step.loss, data: Float64Array.of(Infinity) } },
    { model: SMALL },
  );

  expect(arrays.find(({ name }) => name === "loss")?.status).toBe("agrees");
  expect(notes.join()).toContain("the probability of a right class is 0");
});

test("numbers so large that their squares overflow are compared all the same", () => {
  const scale = 1e200;
  const large = stepOf({
    input: [1, 4, 4],
    layers: [{ type: "flatten" }, { type: "dense", units: 3 }, { type: "relu" }, { type: "dense", units: 4 }],
  });
  expect(saysOf(large)).toEqual(RIGHT);

  const odd = { ...large, "grad.x": mapArray(large["grad.x"], (value) => value * scale) };

  expect(saysOf(odd)).toMatchObject({ agrees: false, first: "grad.x" });
  expect(saysOf(stepOf(TWICE))).toEqual(RIGHT);
});
