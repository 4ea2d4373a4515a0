import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AddSpec, add } from "../../src/layers/add.js";
import { averagePool2d } from "../../src/layers/averagePool2d.js";
import { type ConcatSpec, concat } from "../../src/layers/concat.js";
import { type Conv2dSpec, conv2d } from "../../src/layers/conv2d.js";
import { dense } from "../../src/layers/dense.js";
import { flatten } from "../../src/layers/flatten.js";
import { globalAveragePool2d } from "../../src/layers/globalAveragePool2d.js";
import { leakyRelu } from "../../src/layers/leakyRelu.js";
import { maxPool2d } from "../../src/layers/maxPool2d.js";
import { relu } from "../../src/layers/relu.js";
import { relu6 } from "../../src/layers/relu6.js";
import { type ImageShape, type NamedTensors, type Shape, sizeOf, tensor } from "../../src/tensor.js";
import { expectTensor, expectWithin } from "../support/compare.js";
import { averagePooling, convolution, maxPooling } from "../support/definitions.js";
import { averagePool2dSpecs, conv2dSpecs, maxPool2dSpecs, placed } from "../support/layerSpecs.js";
import { cases, seeds } from "../support/properties.js";
import { normals } from "../support/values.js";

/* The layers' forward passes are their definitions, cell by cell, on random shapes. */

const batches = fc.integer({ min: 1, max: 3 });

describe("convolution", () => {
  test("is the sum over channels and kernel cells, for any stride, padding and dilation", () => {
    fc.assert(
      fc.property(placed(conv2d, conv2dSpecs), batches, seeds, ({ spec, input }, batch, seed) => {
        const layer = conv2d.resolve(spec, input);
        const parameters: NamedTensors = Object.fromEntries(
          conv2d.parameters(layer).map(({ name, shape }) => [name, normals(shape, seed, name)]),
        );
        const x = normals([batch, ...input], seed, "x");
        const y = convolution(layer, x, parameters.weight, parameters.bias);
        // Both add the same up to 48 products, perhaps in another order.
        expectTensor("y", conv2d.forward(layer, [x], parameters), y, 1e-14);
      }),
      cases(300),
    );
  });

  test("does not flip the kernel", () => {
    const layer = conv2d.resolve({ type: "conv2d", filters: 1, kernel: 2, bias: false }, [1, 2, 2]);
    const x = tensor([1, 1, 2, 2], [1, 2, 3, 4], "float64");
    const weight = tensor([1, 1, 2, 2], [1000, 100, 10, 1], "float64");
    expect(Array.from(conv2d.forward(layer, [x], { weight }).data)).toEqual([1234]);
  });

  test("that moves a picture by one pixel", () => {
    const layer = conv2d.resolve(
      { type: "conv2d", filters: 1, kernel: [1, 2], padding: [0, 0, 0, 1], bias: false },
      [1, 2, 3],
    );
    const x = tensor([1, 1, 2, 3], [1, 2, 3, 4, 5, 6], "float64");
    const weight = tensor([1, 1, 1, 2], [1, 0], "float64");
    expect(Array.from(conv2d.forward(layer, [x], { weight }).data)).toEqual([0, 1, 2, 0, 4, 5]);
  });

  test("counts its multiply-adds as the definition's innermost statement runs, padding included", () => {
    fc.assert(
      fc.property(placed(conv2d, conv2dSpecs), ({ spec, input }) => {
        const layer = conv2d.resolve(spec, input);
        const [weight] = conv2d.parameters(layer);
        const outputs = sizeOf(layer.outputShape);
        expect(conv2d.multiplyAdds(layer)).toBe((outputs * sizeOf(weight.shape)) / weight.shape[0]);
      }),
      cases(100),
    );
  });
});

test("max-pooling is the largest cell of each window", () => {
  fc.assert(
    fc.property(placed(maxPool2d, maxPool2dSpecs), batches, seeds, ({ spec, input }, batch, seed) => {
      const layer = maxPool2d.resolve(spec, input);
      const x = normals([batch, ...input], seed, "x");
      expectTensor("y", maxPool2d.forward(layer, [x], {}), maxPooling(layer, x).y, 0);
    }),
    cases(300),
  );
});

test("max-pooling sends each output's gradient to the first largest cell, where many are equal", () => {
  fc.assert(
    fc.property(placed(maxPool2d, maxPool2dSpecs), batches, seeds, ({ spec, input }, batch, seed) => {
      const layer = maxPool2d.resolve(spec, input);
      const x = normals([batch, ...input], seed, "x");
      x.data.forEach((value, k) => {
        x.data[k] = Math.round(value); // few different values
      });
      const outgoing = normals([batch, ...layer.outputShape], seed, "outgoing");
      const expected = new Float64Array(x.data.length);
      for (const [k, winner] of maxPooling(layer, x).winners.entries()) expected[winner] += outgoing.data[k];
      expectWithin("gradient", maxPool2d.inputGradients(layer, [x], {}, outgoing)[0].data, expected, 0);
    }),
    cases(200),
  );
});

test("average-pooling is the mean of each window, with the padding's zeros", () => {
  fc.assert(
    fc.property(placed(averagePool2d, averagePool2dSpecs), batches, seeds, ({ spec, input }, batch, seed) => {
      const layer = averagePool2d.resolve(spec, input);
      const x = normals([batch, ...input], seed, "x");
      expectTensor("y", averagePool2d.forward(layer, [x], {}), averagePooling(layer, x), 1e-14);
    }),
    cases(200),
  );
});

test("addition adds number by number, and gives each input the whole gradient", () => {
  const shape: Shape = [2, 3, 2];
  const layer = add.resolve({ type: "add" } as AddSpec, shape, shape, shape);
  const inputs = [0, 1, 2].map((k) => normals([4, ...shape], k, "x"));
  const y = add.forward(layer, inputs, {});
  expect(y.shape).toEqual([4, ...shape]);
  for (const [k, value] of y.data.entries()) {
    expect(value).toBe(inputs[0].data[k] + inputs[1].data[k] + inputs[2].data[k]);
  }
  const gradients = add.inputGradients(layer, inputs, {}, y);
  expect(gradients).toEqual([y, y, y]);
  expect(new Set([y, ...gradients].map(({ data }) => data)).size, "each in memory of its own").toBe(4);
});

test("a dense layer is a matrix product", () => {
  const sizes = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(sizes, sizes, batches, fc.boolean(), seeds, (inputs, units, batch, bias, seed) => {
      const layer = dense.resolve({ type: "dense", units, bias }, [inputs]);
      const parameters: NamedTensors = Object.fromEntries(
        dense.parameters(layer).map(({ name, shape }) => [name, normals(shape, seed, name)]),
      );
      expect(Object.keys(parameters)).toEqual(bias ? ["weight", "bias"] : ["weight"]);
      const x = normals([batch, inputs], seed, "x");
      const row = (n: number) => x.data.subarray(n * inputs, (n + 1) * inputs);
      const y = Array.from({ length: batch * units }, (_, k) => {
        const [n, o] = [Math.floor(k / units), k % units];
        const products = Array.from(row(n), (value, i) => value * parameters.weight.data[o * inputs + i]);
        return products.reduce((sum, product) => sum + product, bias ? parameters.bias.data[o] : 0);
      });
      expectTensor("y", dense.forward(layer, [x], parameters), tensor([batch, units], y, "float64"), 1e-14);
      expect(dense.multiplyAdds(layer)).toBe(inputs * units);
    }),
    cases(60),
  );
});

test("concatenation writes channels one after the other, for each image, and sends gradients back to where they were", () => {
  const layer = concat.resolve({ type: "concat" } as ConcatSpec, [2, 1, 2], [1, 1, 2], [2, 1, 2]);
  expect(layer.outputShape).toEqual([5, 1, 2]);
  const a = tensor([2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8], "float64");
  const b = tensor([2, 1, 1, 2], [10, 20, 30, 40], "float64");
  const y = concat.forward(layer, [a, b, a], {});
  expect(y.shape).toEqual([2, 5, 1, 2]);
  expect(Array.from(y.data)).toEqual([1, 2, 3, 4, 10, 20, 1, 2, 3, 4, 5, 6, 7, 8, 30, 40, 5, 6, 7, 8]);
  const counted = tensor(
    y.shape,
    Array.from({ length: 20 }, (_, k) => k),
    "float64",
  );
  expect(concat.inputGradients(layer, [a, b, a], {}, counted).map(({ data }) => Array.from(data))).toEqual([
    [0, 1, 2, 3, 10, 11, 12, 13],
    [4, 5, 14, 15],
    [6, 7, 8, 9, 16, 17, 18, 19],
  ]);
});

test("rows of numbers are concatenated, too", () => {
  const layer = concat.resolve({ type: "concat" } as ConcatSpec, [2], [1]);
  const y = concat.forward(layer, [tensor([2, 2], [1, 2, 3, 4]), tensor([2, 1], [5, 6])], {});
  expect([y.shape, Array.from(y.data)]).toEqual([
    [2, 3],
    [1, 2, 5, 3, 4, 6],
  ]);
});

test("global average-pooling gives the mean of each map, and each cell its share of the gradient", () => {
  const layer = globalAveragePool2d.resolve({ type: "globalAveragePool2d" }, [2, 2, 2]);
  const x = tensor([1, 2, 2, 2], [1, 2, 3, 6, -4, 0, 0, 8], "float64");
  const y = globalAveragePool2d.forward(layer, [x], {});
  expect([y.shape, Array.from(y.data)]).toEqual([
    [1, 2],
    [3, 1],
  ]);
  const outgoing = tensor([1, 2], [4, -8], "float64");
  const [gradient] = globalAveragePool2d.inputGradients(layer, [x], {}, outgoing);
  expect([gradient.shape, Array.from(gradient.data)]).toEqual([x.shape, [1, 1, 1, 1, -2, -2, -2, -2]]);
});

test("ReLU keeps what is positive and makes the rest 0", () => {
  const layer = relu.resolve({ type: "relu" }, [5]);
  const x = tensor([1, 5], [-2, -0, 0, 0.5, 3], "float64");
  expect(Array.from(relu.forward(layer, [x], {}).data)).toEqual([0, 0, 0, 0.5, 3]);
});

test("a leaky ReLU keeps what is positive, and multiplies the rest and its gradient by the slope, at 0 too", () => {
  const x = tensor([1, 5], [-2, -0, 0, 0.5, 3], "float64");
  const outgoing = tensor([1, 5], [1, 2, 3, 4, 5], "float64");
  const of = (spec: object) => {
    const layer = leakyRelu.resolve({ type: "leakyRelu", ...spec }, [5]);
    const [gradient] = leakyRelu.inputGradients(layer, [x], {}, outgoing);
    return [leakyRelu.forward(layer, [x], {}), gradient].map(({ data }) => Array.from(data));
  };
  expect(of({})).toEqual([
    [-0.02, -0, 0, 0.5, 3],
    [0.01, 0.02, 0.03, 4, 5],
  ]);
  expect(of({ slope: -1.5 })).toEqual([
    [3, 0, -0, 0.5, 3],
    [-1.5, -3, -4.5, 4, 5],
  ]);
});

test("ReLU6 keeps what is between 0 and 6, and its gradient, and cuts off the rest, at both ends too", () => {
  const layer = relu6.resolve({ type: "relu6" }, [7]);
  const x = tensor([1, 7], [-2, 0, 0.5, 5.5, 6, 7, Infinity], "float64");
  const outgoing = tensor([1, 7], [1, 2, 3, 4, 5, 6, 7], "float64");
  expect(Array.from(relu6.forward(layer, [x], {}).data)).toEqual([0, 0, 0.5, 5.5, 6, 6, 6]);
  expect(Array.from(relu6.inputGradients(layer, [x], {}, outgoing)[0].data)).toEqual([0, 0, 3, 4, 0, 0, 0]);
  expect(Array.from(relu6.branches?.(layer, [x]) ?? [])).toEqual([0, 0, 1, 1, 2, 2, 2]);
  expect(relu6.forward(layer, [tensor([1, 7], Array(7).fill(NaN))], {}).data[0]).toBeNaN();
});

test("flatten writes cell [c, p, q] at (c*H + p)*W + q, and its gradient back there", () => {
  const [C, H, W]: ImageShape = [2, 3, 4];
  const layer = flatten.resolve({ type: "flatten" }, [C, H, W]);
  const x = tensor(
    [2, C, H, W],
    Array.from({ length: 48 }, (_, k) => k),
    "float64",
  );
  const y = flatten.forward(layer, [x], {});
  expect(y.shape).toEqual([2, 24]);
  expect(y.data[24 + (1 * H + 2) * W + 3]).toBe(x.data[((1 * C + 1) * H + 2) * W + 3]);
  expect(Array.from(y.data)).toEqual(Array.from(x.data));
  const gradient = flatten.inputGradients(layer, [x], {}, y)[0];
  expect(gradient.shape).toEqual(x.shape);
  expect(Array.from(gradient.data)).toEqual(Array.from(x.data));
  y.data[0] = 100;
  expect(x.data[0], "the input's own memory is left alone").toBe(0);
});

test("output sizes are PyTorch's", () => {
  const spec: fc.Arbitrary<Conv2dSpec> = conv2dSpecs.filter(({ padding }) => typeof padding !== "string");
  const both = <T>(value: T | readonly [T, T]) => (Array.isArray(value) ? value : [value, value]);
  fc.assert(
    fc.property(placed(conv2d, spec), ({ spec, input }) => {
      const { kernel, stride = 1, padding = 0, dilation = 1 } = spec;
      const sides = Array.isArray(padding) ? padding : Array(4).fill(padding);
      const expected = [0, 1].map((d) => {
        const padded = input[d + 1] + sides[d === 0 ? 0 : 3] + sides[d === 0 ? 2 : 1];
        return Math.floor((padded - both(dilation)[d] * (both(kernel)[d] - 1) - 1) / both(stride)[d] + 1);
      });
      expect(conv2d.resolve(spec, input).outputShape).toEqual([spec.filters, ...expected]);
    }),
    cases(300),
  );
});

test('"same" gives ceil(size / stride) outputs with the least padding, the odd cell at the bottom and right', () => {
  const spec = conv2dSpecs.map((spec): Conv2dSpec => ({ ...spec, padding: "same" }));
  fc.assert(
    fc.property(placed(conv2d, spec), ({ spec, input }) => {
      const layer = conv2d.resolve(spec, input);
      const [top, right, bottom, left] = layer.padding;
      for (const [d, before, after] of [
        [0, top, bottom],
        [1, left, right],
      ]) {
        const outputs = layer.outputShape[d + 1];
        expect(outputs).toBe(Math.ceil(input[d + 1] / layer.stride[d]));
        expect(after - before).toBeGreaterThanOrEqual(0);
        expect(after - before).toBeLessThanOrEqual(1);
        const reached = (outputs - 1) * layer.stride[d] + (layer.kernel[d] - 1) * layer.dilation[d] + 1;
        expect(before + after).toBe(Math.max(0, reached - input[d + 1]));
      }
    }),
    cases(200),
  );
});
