import { describe, expect, test } from "vitest";
import { gelu } from "../../src/layers/gelu.js";
import { sigmoid } from "../../src/layers/sigmoid.js";
import { silu } from "../../src/layers/silu.js";
import { tanh } from "../../src/layers/tanh.js";
import { tensor } from "../../src/tensor.js";
import { EPSILON } from "../support/compare.js";
import { curves, outgoing, x } from "../support/curves.js";

/* Smooth functions of one number against PyTorch's in float64, number by number, and what they give far out. */

test("there are values of all curves", () => {
  expect(curves.map(({ name }) => name)).toEqual(["sigmoid", "tanh", "silu", "gelu", "geluTanh"]);
});

/**
 * PyTorch's own are off by roundings of numbers like 1, which x multiplies; in GELU's slope, of x^2 as well, as far as the bell
 * reaches.
 */
const boundAt = (value: number) => 16 * EPSILON.float64 * (1 + Math.min(Math.abs(value), 1000) ** 2 / 50);

test.each(curves)("$name is PyTorch's", ({ kind, layer, y, dx }) => {
  const own = [kind.forward(layer, [x], {}), kind.inputGradients(layer, [x], {}, outgoing)[0]];
  for (const [k, value] of x.data.entries()) {
    const bound = Math.abs(value) >= 1000 ? 0 : boundAt(value);
    for (const [which, expected] of [y, dx].entries()) {
      const distance = Math.abs(own[which].data[k] - expected.data[k]);
      if (!(distance <= bound)) {
        expect.fail(
          `${which === 0 ? "value" : "gradient"} at ${value}: ${own[which].data[k]}, PyTorch: ${expected.data[k]}`,
        );
      }
    }
  }
});

describe("far out", () => {
  const far = tensor([1, 6], [-1e300, -1000, -800, 800, 1000, 1e300], "float64");
  const ones = tensor([1, 6], Array(6).fill(1), "float64");

  test.each([
    ["sigmoid", sigmoid.resolve({ type: "sigmoid" }, [6]), sigmoid, [0, 0, 0, 1, 1, 1], 0],
    ["tanh", tanh.resolve({ type: "tanh" }, [6]), tanh, [-1, -1, -1, 1, 1, 1], 0],
    ["SiLU", silu.resolve({ type: "silu" }, [6]), silu, [-0, -0, -0, 800, 1000, 1e300], 1],
    ["GELU", gelu.resolve({ type: "gelu" }, [6]), gelu, [-0, -0, -0, 800, 1000, 1e300], 1],
    [
      "GELU's tanh form",
      gelu.resolve({ type: "gelu", approximate: "tanh" }, [6]),
      gelu,
      [-0, -0, -0, 800, 1000, 1e300],
      1,
    ],
  ] as const)("%s has arrived, and its slope too", (_, layer, kind, values, slope) => {
    expect(Array.from(kind.forward(layer as never, [far], {}).data)).toEqual(values);
    const [gradient] = kind.inputGradients(layer as never, [far], {}, ones);
    expect(Array.from(gradient.data, (value) => value + 0)).toEqual([0, 0, 0, slope, slope, slope]);
  });
});
