import { describe, expect, test } from "vitest";
import { conv2d } from "../../src/layers/conv2d.js";
import { type MaxPool2dSpec, maxPool2d } from "../../src/layers/maxPool2d.js";
import { relu } from "../../src/layers/relu.js";
import { type ImageShape, tensor } from "../../src/tensor.js";

/* What no finite difference can tell: the gradients exactly on a kink, between equals, and of what nobody looked at. */

/** Max-pooling of one image, forward and backward. */
function pool(options: Omit<MaxPool2dSpec, "type">, shape: ImageShape, cells: number[], outgoing: number[]) {
  const layer = maxPool2d.resolve({ type: "maxPool2d", ...options }, shape);
  const x = tensor([1, ...shape], cells, "float64");
  const gradient = tensor([1, ...layer.outputShape], outgoing, "float64");
  return {
    y: Array.from(maxPool2d.forward(layer, [x], {}).data),
    gradient: Array.from(maxPool2d.inputGradients(layer, [x], {}, gradient)[0].data),
  };
}

describe("ReLU", () => {
  test("passes no gradient at 0 or -0, all of it above, none below", () => {
    const layer = relu.resolve({ type: "relu" }, [6]);
    const x = tensor([1, 6], [0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, 3, -3], "float64");
    const outgoing = tensor([1, 6], [1, 2, 3, 4, 5, 6], "float64");
    expect(Array.from(relu.inputGradients(layer, [x], {}, outgoing)[0].data)).toEqual([0, 0, 3, 0, 5, 0]);
  });

  test("keeps what is not a number visible", () => {
    const layer = relu.resolve({ type: "relu" }, [2]);
    expect(Array.from(relu.forward(layer, [tensor([1, 2], [NaN, 1], "float64")], {}).data)).toEqual([NaN, 1]);
  });
});

describe("max-pooling", () => {
  test("of equal cells sends the whole gradient to the first in reading order", () => {
    expect(pool({ size: 2 }, [1, 2, 2], [7, 7, 7, 7], [1])).toEqual({ y: [7], gradient: [1, 0, 0, 0] });
    expect(pool({ size: 2 }, [1, 2, 2], [0, 7, 7, 7], [1])).toEqual({ y: [7], gradient: [0, 1, 0, 0] });
    expect(pool({ size: 2 }, [1, 2, 2], [0, 6, 7, 7], [1])).toEqual({ y: [7], gradient: [0, 0, 1, 0] });
  });

  test("of equal zeros does so, too: a ReLU before it makes many", () => {
    expect(pool({ size: 2 }, [1, 2, 4], [0, 0, 0, -0, 0, 0, 0, 0], [1, 2])).toEqual({
      y: [0, 0],
      gradient: [1, 0, 2, 0, 0, 0, 0, 0],
    });
  });

  test("adds up what a cell collects from overlapping windows", () => {
    // biome-ignore format: a picture
    const cells = [
      1, 2, 3,
      4, 9, 5,
      6, 7, 8,
    ];
    expect(pool({ size: 2, stride: 1 }, [1, 3, 3], cells, [1, 10, 100, 1000])).toEqual({
      y: [9, 9, 9, 9],
      gradient: [0, 0, 0, 0, 1111, 0, 0, 0, 0],
    });
    expect(pool({ size: 2, stride: 1 }, [1, 3, 3], Array(9).fill(5), [1, 10, 100, 1000]).gradient).toEqual([
      1, 10, 0, 100, 1000, 0, 0, 0, 0,
    ]);
  });

  test("never lets padding win, however low the cells are", () => {
    const result = pool({ size: 2, stride: 2, padding: 1 }, [1, 2, 2], [-1, -2, -3, -4], [1, 2, 3, 4]);
    expect(result).toEqual({ y: [-1, -2, -3, -4], gradient: [1, 2, 3, 4] });
    expect(pool({ size: 2, padding: [0, 1, 0, 0] }, [1, 2, 1], [-Infinity, -Infinity], [1])).toEqual({
      y: [-Infinity],
      gradient: [1, 0],
    });
  });

  test("gives no gradient to rows and columns that are left over, or that lie between windows", () => {
    const cells = [1, 2, 9, 3, 4, 9, 9, 9, 9];
    expect(pool({ size: 2 }, [1, 3, 3], cells, [1])).toEqual({
      y: [4],
      gradient: [0, 0, 0, 0, 1, 0, 0, 0, 0],
    });
    expect(pool({ size: 1, stride: 2 }, [1, 1, 5], [1, 2, 3, 4, 5], [1, 10, 100])).toEqual({
      y: [1, 3, 5],
      gradient: [1, 0, 10, 0, 100],
    });
  });

  test("keeps what is not a number visible, wherever it stands", () => {
    for (const cells of [
      [NaN, 1, 2, 3],
      [1, 2, 3, NaN],
      [1, NaN, NaN, 9],
    ]) {
      const { y, gradient } = pool({ size: 2 }, [1, 2, 2], cells, [1]);
      expect(y).toEqual([NaN]);
      expect(gradient.indexOf(1)).toBe(cells.findIndex(Number.isNaN));
    }
  });
});

describe("convolution", () => {
  test("gives pixels that no window met a gradient of exactly 0", () => {
    const layer = conv2d.resolve({ type: "conv2d", filters: 1, kernel: 1, stride: 3 }, [1, 1, 6]);
    const x = tensor([1, 1, 1, 6], [1, 2, 3, 4, 5, 6], "float64");
    const outgoing = tensor([1, 1, 1, 2], [1, 10], "float64");
    const weight = tensor([1, 1, 1, 1], [2], "float64");
    expect(Array.from(conv2d.inputGradients(layer, [x], { weight }, outgoing)[0].data)).toEqual([
      2, 0, 0, 20, 0, 0,
    ]);
    const gradients = conv2d.parameterGradients(layer, [x], outgoing);
    expect(Array.from(gradients.weight.data)).toEqual([1 * 1 + 10 * 4]);
    expect(Array.from(gradients.bias.data)).toEqual([11]);
  });

  test("gives weights that only ever met padding a gradient of exactly 0", () => {
    const layer = conv2d.resolve({ type: "conv2d", filters: 1, kernel: 3, padding: 1 }, [1, 1, 1]);
    const x = tensor([1, 1, 1, 1], [5], "float64");
    const outgoing = tensor([1, 1, 1, 1], [2], "float64");
    const { weight } = conv2d.parameterGradients(layer, [x], outgoing);
    expect(Array.from(weight.data)).toEqual([0, 0, 0, 0, 10, 0, 0, 0, 0]);
  });
});
