import { expect, test } from "vitest";
import { type AnyLayer, layerKinds } from "../../src/layers/index.js";
import { tensor } from "../../src/tensor.js";

/* Pictures have no colours below 0 for layers that say so: it must be true of them, and said by all of which it is true. */

const inputs = tensor(
  [1, 801],
  Float64Array.from({ length: 801 }, (_, k) => (k - 400) / 20),
  "float64",
);

const { relu, leakyRelu, relu6, sigmoid, tanh, silu, gelu } = layerKinds;
/** The layers that make each number from the one at its place. */
const functions = [relu, leakyRelu, relu6, sigmoid, tanh, silu, gelu] as unknown as AnyLayer[];

test.each(functions.map((kind) => [kind.type, kind] as const))("%s", (type, kind) => {
  const { data } = kind.forward(kind.resolve({ type } as never, [801]), [inputs], {});
  expect(Math.min(...data) >= 0).toBe(kind.neverNegative === true);
});
