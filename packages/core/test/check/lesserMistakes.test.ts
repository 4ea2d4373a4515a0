import { expect, test } from "vitest";
import { knownMistakes } from "../../src/index.js";
import {
  type Arrays,
  mapArray,
  SMALL,
  saysOf,
  stepOf,
  updatedBy,
  without,
  wrongAt,
} from "../support/checkedSteps.js";
import { at, forward, mapped, type Row, saved, type Wrong } from "../support/wrongSteps.js";

/* Mistakes that the large table of NumPy's network only has among many others: each by hand, and named at the first wrong array. */

const bytes = Float64Array.from({ length: 3 * 64 }, (_, k) => (k * 37) % 256);
/** A step on other pixels than those that are saved. */
const onPixels = (shown: ArrayLike<number>, used: (value: number) => number) => (): Arrays => {
  const step = without(stepOf(SMALL, { pixels: Array.from(shown, used) }), /^new|^grad\.x/);
  return { ...step, x: { ...step.x, data: Float64Array.from(shown) } };
};

const ROWS: Row[] = [
  ["pixels-integer-division", "x // 255", onPixels(bytes, (v) => Math.floor(v / 255)), "conv1.out"],
  ["pixels-overflow", "int8", onPixels(bytes, (v) => (v > 127 ? v - 256 : v)), "conv1.out"],
  [
    "pixels-scaled-twice",
    "on the way forward",
    () =>
      stepOf(SMALL, {
        wrong: [
          "conv1",
          (right): Wrong => ({
            forward: (resolved, [x], parameters) =>
              right.forward(resolved, [mapped(x, (v) => v / 255)], parameters),
          }),
        ],
      }),
    "conv1.out",
  ],
  [
    "loss-and-gradient-differ",
    "squared errors, and the gradient of squares alone",
    () => {
      const step = stepOf({ ...SMALL, loss: { type: "meanSquaredError" } });
      const gradient = mapArray(step["fc1.out"], (p) => (2 * p) / 12);
      return { ...without(step, /^probs$|^new|^grad\.(?!fc1\.out)/), "grad.fc1.out": gradient };
    },
    "grad.fc1.out",
  ],
  ["update-scaled", "by half", () => updatedBy(stepOf(SMALL), (g) => 0.05 * g), "new.conv1.weight"],
  [
    "wrong-input",
    "max-pool of what came before ReLU",
    saved(SMALL, (step) => {
      const { data } = step["conv1.out"];
      const corner = (k: number) => Math.floor(k / 9) * 36 + 12 * (Math.floor(k / 3) % 3) + 2 * (k % 3);
      const largest = mapArray(step["pool1.out"], (_, k) =>
        Math.max(...[0, 1, 6, 7].map((place) => data[corner(k) + place])),
      );
      return { "pool1.out": largest, "flatten1.out": { ...step["flatten1.out"], data: largest.data } };
    }),
    "pool1.out",
  ],
  [
    "only-one-image-computed",
    "the first",
    forward(SMALL, "conv1", (y) => mapped(y, (v, k) => (k < y.data.length / 3 ? v : 0))),
    "conv1.out",
  ],
  [
    "gradient-from-wrong-gradient",
    "before the mask of ReLU",
    saved(SMALL, (step) => {
      const [x, g] = [step.x.data, step["grad.relu1.out"].data];
      const own = mapArray(step["grad.conv1.weight"], (_, k) => {
        const [o, u, v] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
        let sum = 0;
        for (let n = 0; n < 3; n++)
          for (let i = 0; i < 6; i++)
            for (let j = 0; j < 6; j++)
              sum += x[n * 64 + (i + u) * 8 + j + v] * g[(n * 3 + o) * 36 + 6 * i + j];
        return sum;
      });
      return { "grad.conv1.weight": own };
    }),
    "grad.conv1.weight",
  ],
  [
    "dropout-wrong-scale",
    "times what is kept",
    forward(at(4, { type: "dropout", rate: 0.25 }), "dropout1", (y) => mapped(y, (v) => v * 0.75 * 0.75)),
    "dropout1.out",
  ],
];

test.each(ROWS)("%s: %s", (mistake, _about, arrays, first) => {
  expect(knownMistakes.map(({ name }) => name)).toContain(mistake);
  const { first: found, mistakes } = saysOf(arrays());
  expect(found).toBe(first);
  expect(mistakes[0]).toBe(wrongAt(first, mistake).mistakes[0]);
});
