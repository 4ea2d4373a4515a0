import { describe, expect, test } from "vitest";
import { checkArrays, defineModel, type ModelSpec } from "../../src/index.js";
import { logistic } from "../../src/math.js";
import { sizeOf, type Tensor, tensor } from "../../src/tensor.js";
import {
  type Arrays,
  arraysOf,
  RIGHT,
  SMALL,
  saysOf,
  stepOf,
  withArrays,
  without,
  wrongAt,
} from "../support/checkedSteps.js";

/* Labels that aren't one class for each image, and losses that little is given of: right steps must not be accused. */

const IMAGES = 3;
const withUnits = (units: number): ModelSpec => ({
  ...SMALL,
  layers: [...SMALL.layers.slice(0, -1), { type: "dense", units }],
});

type Of = (z: number, y: number) => number;
interface LossOfNumbers {
  readonly probs: (z: number) => number;
  /** What each number adds to the loss, and its slope by the score. */
  readonly loss: Of;
  readonly slope: Of;
}
const BINARY: LossOfNumbers = {
  probs: logistic,
  loss: (z, y) =>
    -(y === 0 ? 0 : y * Math.log(logistic(z))) - (y === 1 ? 0 : (1 - y) * Math.log(1 - logistic(z))),
  slope: (z, y) => logistic(z) - y,
};
const SQUARES: LossOfNumbers = {
  probs: (z) => z,
  loss: (z, y) => (z - y) ** 2,
  slope: (z, y) => 2 * (z - y),
};

/** A step with a loss that looks at each score alone, averaged over all scores, and any numbers as labels [N, K]. */
function stepWith({ probs, loss, slope }: LossOfNumbers, y: readonly number[], options: object = {}): Arrays {
  const model = defineModel(withUnits(4));
  const units = y.length / IMAGES;
  const own = units === 4 ? model : undefined;
  const spec = withUnits(units);
  // of a network of one unit the library makes no model, but its layers
  const before = own ? stepOf(spec, options) : oneUnit(options);
  const scores = before["fc1.out"];
  const each = (f: Of) => Float64Array.from(scores.data, (z, k) => f(z, y[k]));
  const factor = 1 / y.length;
  const dtype = scores.dtype as "float32" | "float64";
  const as = (shape: readonly number[], data: ArrayLike<number>) => tensor(shape, data, dtype);
  const tensors: Record<string, Tensor> = {
    y: tensor([IMAGES, units], y, "float64"),
    probs: as(scores.shape, each(probs)),
    loss: as([], [each(loss).reduce((sum, value) => sum + value, 0) * factor]),
  };
  let gradient = as(
    scores.shape,
    each(slope).map((value) => value * factor),
  );
  for (const { kind, resolved, output, inputs, parameters } of [...model.layers].reverse()) {
    tensors[`grad.${output}`] = gradient;
    const [x] = inputs.map((name) => before[name] as Tensor);
    const isLast = output === "fc1.out";
    const layer = isLast ? kind.resolve({ type: "dense", units } as never, resolved.inputShape) : resolved;
    const given = Object.fromEntries(
      parameters.map(({ name, fullName }) => [name, before[fullName] as Tensor]),
    );
    const gradients = kind.parameterGradients(layer, [x], gradient, given);
    for (const { name, fullName } of parameters) {
      tensors[`grad.${fullName}`] = gradients[name];
      const moved = Array.from(given[name].data, (value, k) => value - 0.1 * gradients[name].data[k]);
      tensors[`new.${fullName}`] = as(given[name].shape, moved);
    }
    gradient = kind.inputGradients(layer, [x], given, gradient)[0];
  }
  return { ...before, ...arraysOf({ ...tensors, "grad.x": gradient }) };
}

/** The arrays of the way forward, of a network whose last layer has one unit: the first of four. */
function oneUnit(options: object): Arrays {
  const whole = stepOf(SMALL, options);
  const first = (name: string, shape: readonly number[]) => {
    const { data, dtype } = whole[name];
    const each = shape[0] === IMAGES ? data.length / IMAGES : 1;
    return { shape, dtype, data: Float64Array.from({ length: sizeOf(shape) }, (_, k) => data[k * each]) };
  };
  const weight = whole["fc1.weight"];
  return {
    ...whole,
    "fc1.weight": first("fc1.weight", [1, weight.shape[1]]),
    "fc1.bias": first("fc1.bias", [1]),
    "fc1.out": first("fc1.out", [IMAGES, 1]),
  };
}

const SEVERAL = [1, 0, 1, 0, /**/ 0, 1, 1, 1, /**/ 0, 0, 0, 0];
const TARGETS = [0.5, -3, 2.5, 0, /**/ 1.5, 1, -1, 7, /**/ -2, 0.25, 3, 1];
const saying = (arrays: Arrays) => checkArrays(arrays).conventions.map(({ name }) => name);

describe("labels", () => {
  const CASES: [string, LossOfNumbers, readonly number[], object][] = [
    ["several right classes for an image, or none", BINARY, SEVERAL, {}],
    ["several right classes, in float32", BINARY, SEVERAL, { dtype: "float32" }],
    ["several right classes and squared errors", SQUARES, SEVERAL, {}],
    ["numbers that are to be met", SQUARES, TARGETS, {}],
    ["one unit that says yes or no", BINARY, [1, 0, 1], {}],
  ];

  test.each(CASES)("%s", (_, loss, y, options) => {
    const arrays = stepWith(loss, y, options);

    expect(saysOf(arrays)).toEqual(RIGHT);
    expect(saying(arrays)).toContain("answers");
  });

  test("several right classes, without probabilities, and a mistake beside them", () => {
    const arrays = without(stepWith(BINARY, SEVERAL), /^(probs$|new)/);
    const wrong = withArrays(arrays, /^grad\.fc1\.bias$/, (value) => -value);

    expect(saysOf(arrays)).toEqual(RIGHT);
    expect(saysOf(wrong)).toEqual(wrongAt("grad.fc1.bias", "gradient-sign"));
  });

  test("yes or no in a list, as many numbers as images", () => {
    const arrays = stepWith(BINARY, [1, 0, 1]);

    expect(saysOf({ ...arrays, y: { ...arrays.y, shape: [IMAGES] } })).toEqual(RIGHT);
  });

  test("cross-entropy of several right classes: each probability counts for all of them", () => {
    const step = stepOf(SMALL);
    const arrays = { ...step, y: { shape: [3, 4], data: Float64Array.from(SEVERAL), dtype: "float64" } };
    const { data } = step.probs;
    const sums = [2, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0, 0];
    const loss = SEVERAL.reduce((sum, y, k) => sum - (y && Math.log(data[k])) / IMAGES, 0);
    const kept = withArrays(without(arrays, /^grad\.(?!fc1\.out)|^new/), /^loss$/, () => loss);
    const right = withArrays(kept, /^grad\.fc1\.out$/, (_, k) => (sums[k] * data[k] - SEVERAL[k]) / IMAGES);
    const wrong = withArrays(kept, /^grad\.fc1\.out$/, (_, k) => (data[k] - SEVERAL[k]) / IMAGES);

    expect(saysOf(right)).toEqual(RIGHT);
    expect(saysOf(wrong).first).toBe("grad.fc1.out");
  });

  test("what is no number is said", () => {
    const arrays = stepWith(BINARY, SEVERAL);
    const y = withArrays(arrays, /^y$/, (value, k) => (k === 6 ? NaN : value));

    expect(() => checkArrays(y)).toThrow(/^y should be .*, but that of class 2 of image 1 is NaN\.$/);
  });
});

describe("a gradient is all that shows the loss", () => {
  test.each([
    ["binary cross-entropy", BINARY, "binary-cross-entropy"],
    ["squared errors", SQUARES, "squared-errors"],
  ] as const)("%s", (_, loss, says) => {
    const y = [0, 1, 0, 0, /**/ 0, 0, 0, 1, /**/ 1, 0, 0, 0];
    const arrays = without(stepWith(loss, y), /^(probs|loss)$/);

    expect(saysOf(arrays)).toEqual(RIGHT);
    expect(saying(arrays)).toContain(says);
    const wrong = withArrays(arrays, /^grad\.fc1\.bias$/, (value) => -value);
    expect(saysOf(without(wrong, /^new/)).first).toBe("grad.fc1.bias");
  });

  test("a loss that is no number leaves it to the gradient", () => {
    const y = [0, 1, 0, 0, /**/ 0, 0, 0, 1, /**/ 1, 0, 0, 0];
    const arrays = without(
      withArrays(stepWith(BINARY, y), /^loss$/, () => NaN),
      /^probs$/,
    );

    expect(saysOf(arrays)).toEqual(wrongAt("loss", "not-finite"));
  });
});

describe("a loss that is infinite, as the person's numbers hold probabilities", () => {
  /** Scores so far apart that some probabilities are 0 in float32, but not in float64. */
  const far = (arrays: Arrays) => withArrays(arrays, /^fc1\.(weight|bias|out)$/, (value) => 200 * value);

  test.each([/^probs$/, /^(probs|fc1\.out)$/, /^(probs|fc1\.out|grad\.fc1\.out)$/])(
    "cross-entropy without %s",
    (left) => {
      const step = far(stepOf(SMALL, { dtype: "float32" }));
      const arrays = without(
        withArrays(step, /^loss$/, () => Infinity),
        /^(grad|new)\./,
      );

      expect(saysOf(without(arrays, left))).toEqual(RIGHT);
    },
  );
});
