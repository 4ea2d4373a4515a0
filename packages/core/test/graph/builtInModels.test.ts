import { describe, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { builtIn, defineModel, lenet5, oneConv, threeConv } from "../../src/index.js";

describe("built-in models", () => {
  test.each<readonly [string, () => unknown, RegExp]>([
    [
      "an unknown name",
      () => builtIn("vgg"),
      /^There is no built-in model "vgg"; there are one-conv, three-conv, lenet5/,
    ],
    ["__proto__", () => builtIn("__proto__"), /^There is no built-in model "__proto__"/],
    [
      "filters where they are fixed",
      () => builtIn("lenet5", { filters: 4 }),
      /for one-conv only; lenet5 has its own/,
    ],
    [
      "no filters",
      () => defineModel(builtIn("one-conv", { filters: 0 })),
      /^Layer 1, conv1: filters must be/,
    ],
    [
      "an image too small",
      () => defineModel(oneConv({ input: [1, 2, 2] })),
      /^Layer 1, conv1: its window reaches/,
    ],
    [
      "one that layers use up",
      () => defineModel(lenet5({ input: [1, 10, 10] })),
      /^Layer 6, pool2: its window/,
    ],
    ["an image that three-conv uses up", () => defineModel(threeConv({ input: [1, 19, 19] })), /its window/],
    ["one class", () => defineModel(oneConv({ classes: ["cat"] })), /^The last layer, fc1, gives one number/],
  ])("%s", (_, work, message) => expectInputError(work, message));
});
