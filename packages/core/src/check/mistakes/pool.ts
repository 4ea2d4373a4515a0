import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { outputSize } from "../../layers/window.js";
import { sizeOf, type Tensor } from "../../tensor.js";
import { windowOf, winnersOf } from "../kinks.js";
import type { NetworkLayer } from "../network.js";
import type { Run } from "../run.js";

import { mapped } from "../value.js";
import { at, atLayers, type Mistake, together } from "./mistake.js";
import { forwardWith, gradientOf, inputGradientWith, inputOf, picked, scaled, zerosLike } from "./tools.js";

type Pool = NetworkLayer & { readonly resolved: MaxPool2d };

/** What each window gives. */
function pooledBy(layer: Pool, run: Run, f: (values: readonly number[]) => number): Tensor {
  const x = inputOf(layer, run);
  const y = { shape: [x.shape[0], ...layer.resolved.outputShape], data: x.data };
  return mapped(y, (_, cell) => f(windowOf(layer.resolved, cell).map((k) => x.data[k])));
}

/**
 * The input's gradient: `share` says how much of the window's gradient each cell gets.
 * @param add whether cells collect from several windows, or keep what came last
 */
function spread(
  layer: Pool,
  run: Run,
  share: (values: readonly number[], k: number, cell: number) => number,
  add = true,
): Tensor {
  const x = inputOf(layer, run);
  const g = gradientOf(layer, run);
  const result = zerosLike(x);
  for (let cell = 0; cell < g.data.length; cell++) {
    const cells = windowOf(layer.resolved, cell);
    const values = cells.map((k) => x.data[k]);
    for (const [k, place] of cells.entries()) {
      const part = share(values, k, cell) * g.data[cell];
      if (add) result.data[place] += part;
      else if (part !== 0) result.data[place] = part;
    }
  }
  return result;
}

const isFirstLargest = (values: readonly number[], k: number) =>
  values.indexOf(Math.max(...values)) === k ? 1 : 0;

const backward = (share: (values: readonly number[], k: number, cell: number) => number) =>
  atLayers<MaxPool2d>("maxPool2d", (layer) => [
    at(layer.inputGradients[0], (run) => spread(layer, run, share)),
  ]);

export const otherTie: Mistake = {
  name: "pool-ties-elsewhere",
  harmless: true,
  why: "Where several cells of a window are equally large, the gradient goes to another one than the first, which is as good.",
  fix: "k = np.argmax(window)  # the first of the largest",
  variations: backward((values, k) => (values.lastIndexOf(Math.max(...values)) === k ? 1 : 0)),
};

export const averageForMax: Mistake = {
  name: "average-for-max",
  why: "The window's mean goes on, but max-pooling keeps only the largest value.",
  fix: "y[n, c, i, j] = np.max(window)  # not np.mean",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => {
    const forward = at(layer.output, (run) =>
      pooledBy(layer, run, (values) => values.reduce((sum, v) => sum + v, 0) / values.length),
    );
    const back = at(layer.inputGradients[0], (run) => spread(layer, run, (values) => 1 / values.length));
    return [forward, together(forward, back)];
  }),
};

export const otherPool: Mistake = {
  name: "other-value-for-max",
  why: "The window gives its smallest value, its sum, or the value farthest from 0, but max-pooling keeps the largest.",
  fix: "y[n, c, i, j] = np.max(window)",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) =>
    [
      (values: readonly number[]) => Math.min(...values),
      (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0),
      (values: readonly number[]) => Math.max(...values.map(Math.abs)),
      (values: readonly number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0)),
    ].map((f) => at(layer.output, (run) => pooledBy(layer, run, f))),
  ),
};

export const poolFirstCell: Mistake = {
  name: "pool-takes-one-cell",
  why: "Always the same cell of each window goes on, but max-pooling keeps the largest, wherever it is.",
  fix: "y[n, c, i, j] = np.max(x[n, c, 2*i:2*i+2, 2*j:2*j+2])  # not x[:, :, ::2, ::2]",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => {
    const last = sizeOf(layer.resolved.kernel) - 1;
    return [0, last, 1].map((k) =>
      at(layer.output, (run) => pooledBy(layer, run, (values) => values[Math.min(k, values.length - 1)])),
    );
  }),
};

export const poolStrideOff: Mistake = {
  name: "pool-stride-off",
  why: "The window doesn't move by the pool's stride from one output cell to the next.",
  fix: "window = x[n, c, i*s:i*s+size, j*s:j*s+size]  # i*s, j*s",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => {
    const { resolved } = layer;
    const others = [
      [1, 1],
      [2, 2],
      [3, 3],
    ].filter(([a, b]) => a !== resolved.stride[0] || b !== resolved.stride[1]);
    const whole = [resolved.inputShape[1], resolved.inputShape[2]] as const;
    return others.flatMap((stride) => {
      const instead = { resolved: { stride } };
      const [C, I, J] = resolved.outputShape;
      const inside = (I - 1) * stride[0] < whole[0] && (J - 1) * stride[1] < whole[1];
      const size = outputSize(whole, { ...resolved, stride: [stride[0], stride[1]] });
      return [
        ...(inside
          ? [
              at(layer.output, (run) => forwardWith(layer, run, instead)),
              at(layer.inputGradients[0], (run) => inputGradientWith(layer, run, instead)),
            ]
          : []),
        at(layer.output, (run) =>
          forwardWith(layer, run, { resolved: { stride, outputShape: [C, ...size] } }),
        ),
      ];
    });
  }),
};

export const reshapedWrongly: Mistake = {
  name: "pool-reshape-axes",
  why: "The windows are made by a reshape that cuts the image into pieces of neighbours in memory, not into squares: the two dimensions of a window must stand behind the rows and behind the columns.",
  fix: "y = x.reshape(N, C, H//2, 2, W//2, 2).max(axis=(3, 5))  # not reshape(N, C, H//2, W//2, 2, 2)",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => {
    const { kernel, stride, inputShape, outputShape } = layer.resolved;
    const [, H, W] = inputShape;
    const [, I, J] = outputShape;
    const [U, V] = kernel;
    if (stride[0] !== U || stride[1] !== V || I * U !== H || J * V !== W) return [];
    const taken = (place: (i: number, j: number, u: number, v: number) => number) =>
      at(layer.output, (run) => {
        const x = inputOf(layer, run);
        const y = { shape: [x.shape[0], ...outputShape], data: x.data };
        return mapped(y, (_, cell) => {
          const plane = Math.floor(cell / (I * J)) * H * W;
          let largest = -Infinity;
          for (let k = 0; k < U * V; k++) {
            const at = place(Math.floor(cell / J) % I, cell % J, Math.floor(k / V), k % V);
            largest = Math.max(largest, x.data[plane + at]);
          }
          return largest;
        });
      });
    return [
      taken((i, j, u, v) => (i * J + j) * U * V + u * V + v), // (I, J, U, V)
      taken((i, j, u, v) => ((u * I + i) * V + v) * J + j), // (U, I, V, J)
      taken((i, j, u, v) => ((u * V + v) * I + i) * J + j), // (U, V, I, J)
      taken((i, j, u, v) => ((i * U + u) * V + v) * J + j), // (I, U, V, J)
      taken((i, j, u, v) => ((u * I + i) * J + j) * V + v), // (U, I, J, V)
    ];
  }),
};

export const ceilMode: Mistake = {
  name: "pool-ceil-mode",
  why: "The map has a last row and column of smaller windows, which hang over the edge (ceil mode). Here, as in other libraries unless one asks for it, windows that don't fit are left out.",
  fix: "I = (H - size) // stride + 1  # not math.ceil; or cut the image to a multiple first",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => {
    const { inputShape, outputShape } = layer.resolved;
    const [, H, W] = inputShape;
    const [, I, J] = outputShape;
    const windows = [
      [2, 2],
      [3, 2],
      [3, 3],
      [4, 4],
    ].filter(([size, stride]) => {
      const hangsOver = (whole: number, count: number) =>
        Math.ceil((whole - size) / stride) + 1 === count && (count - 1) * stride + size > whole;
      return (hangsOver(H, I) || hangsOver(W, J)) && (I - 1) * stride < H && (J - 1) * stride < W;
    });
    return windows.map(([size, stride]) => {
      const over = [(I - 1) * stride + size - H, (J - 1) * stride + size - W].map((n) => Math.max(0, n));
      const resolved = { kernel: [size, size], stride: [stride, stride], padding: [0, over[1], over[0], 0] };
      return together(
        at(layer.output, (run) => forwardWith(layer, run, { resolved })),
        at(layer.inputGradients[0], (run) => inputGradientWith(layer, run, { resolved })),
      );
    });
  }),
};

export const gradientToAll: Mistake = {
  name: "pool-gradient-to-all",
  why: "Every cell of the window gets the whole gradient, but only the winner moved the output.",
  fix: "dx[n, c, 2*i:2*i+2, 2*j:2*j+2] += dy[n, c, i, j] * (k == np.arange(4).reshape(2, 2))  # k = np.argmax(window)",
  variations: backward(() => 1),
};

export const gradientSpread: Mistake = {
  name: "pool-gradient-spread-evenly",
  why: "The gradient is divided among all cells of the window, which is right for average-pooling; here only the winner moved the output.",
  fix: "dx[n, c, 2*i:2*i+2, 2*j:2*j+2] += dy[n, c, i, j] * (k == np.arange(4).reshape(2, 2))  # k = np.argmax(window)",
  variations: backward((values) => 1 / values.length),
};

export const gradientToTies: Mistake = {
  name: "pool-gradient-to-all-ties",
  why: "x == x.max() is true for every cell that is as large as the winner (behind a ReLU often for all, with 0), and each gets the whole gradient.",
  fix: "k = np.argmax(window)  # one winner, the first",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => {
    const ties = (values: readonly number[], k: number) => (values[k] === Math.max(...values) ? 1 : 0);
    return [at(layer.inputGradients[0], (run) => spread(layer, run, ties))];
  }),
};

export const gradientShared: Mistake = {
  name: "pool-gradient-shared-by-ties",
  why: "Cells that are equally large share the gradient. That is a valid subgradient, and no mistake of yours in mathematics; but argmax, as in other libraries, gives all of it to the first, so that the numbers differ.",
  fix: "k = np.argmax(window)  # one winner, the first; or leave it, and compare without ties (images of noise)",
  variations: backward((values, k) => {
    const largest = Math.max(...values);
    return values[k] === largest ? 1 / values.filter((v) => v === largest).length : 0;
  }),
};

export const gradientWithinTolerance: Mistake = {
  name: "pool-gradient-within-tolerance",
  why: "Cells that are nearly as large as the winner (np.isclose, or a tolerance) get the gradient, too, but only the winner moved the output.",
  fix: "k = np.argmax(window)  # one winner; not np.isclose(window, window.max())",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => {
    // absolute ones, and those of np.isclose
    const near = [1e-1, 5e-2, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6].map(
      (tolerance) => (value: number, largest: number) => largest - value <= tolerance,
    );
    const relative = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5].map(
      (tolerance) => (value: number, largest: number) =>
        largest - value <= 1e-8 + tolerance * Math.abs(largest),
    );
    return [...near, ...relative].map((isNear) =>
      at(layer.inputGradients[0], (run) =>
        spread(layer, run, (values, k) => (isNear(values[k], Math.max(...values)) ? 1 : 0)),
      ),
    );
  }),
};

export const gradientToFirst: Mistake = {
  name: "pool-gradient-to-first-cell",
  why: "The gradient always goes to the same cell of the window, but it belongs to the winner.",
  fix: "u, v = np.unravel_index(np.argmax(window), window.shape); dx[n, c, 2*i+u, 2*j+v] += dy[n, c, i, j]",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) =>
    [0, -1, 1, 2].map((chosen) =>
      at(layer.inputGradients[0], (run) =>
        spread(layer, run, (values, k) => (k === (chosen < 0 ? values.length - 1 : chosen) ? 1 : 0)),
      ),
    ),
  ),
};

export const gradientToWrongWindow: Mistake = {
  name: "pool-gradient-to-wrong-window",
  why: "The winner's place is taken from another window, or its row and column are exchanged.",
  fix: "u, v = np.unravel_index(np.argmax(window), window.shape); dx[n, c, 2*i+u, 2*j+v] += dy[n, c, i, j]",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer, { images }) => {
    const { outputShape, kernel } = layer.resolved;
    const [C, I, J] = outputShape;
    const inner = C * I * J;
    /** The gradient goes where `place` says, given which cell of each window won. */
    const moved = (place: (winner: (cell: number) => number, cell: number) => number) =>
      at(layer.inputGradients[0], (run) => {
        const winners = winnersOf(layer, inputOf(layer, run));
        const winner = (cell: number) => windowOf(layer.resolved, cell).indexOf(winners[cell]);
        return spread(layer, run, (_, k, cell) => (place(winner, cell) === k ? 1 : 0));
      });
    const from = (source: (cell: number) => number) => moved((winner, cell) => winner(source(cell)));
    const turnedCell = (k: number) => (k % kernel[1]) * kernel[0] + Math.floor(k / kernel[1]);
    return [
      moved((winner, cell) => turnedCell(winner(cell))),
      ...(images > 1
        ? [from((cell) => cell % inner), from((cell) => (images - 1) * inner + (cell % inner))]
        : []),
      ...(C > 1 ? [from((cell) => Math.floor(cell / inner) * inner + (cell % (I * J)))] : []),
      from((cell) => cell - (cell % (I * J))),
      ...(I === J
        ? [from((cell) => cell - (cell % (I * J)) + (cell % J) * J + (Math.floor(cell / J) % I))]
        : []),
      at(layer.inputGradients[0], (run) =>
        spread(layer, run, (values, k) => (values.indexOf(Math.min(...values)) === k ? 1 : 0)),
      ),
      at(layer.inputGradients[0], (run) => {
        const g = gradientOf(layer, run);
        const swapped = I === J ? picked(g, g.shape, ([n, c, i, j]) => [n, c, j, i]) : g;
        return inputGradientWith(layer, run, { g: swapped });
      }),
    ];
  }),
};

export const poolOverwritten: Mistake = {
  name: "pool-windows-overwritten",
  why: "Where the pool's windows overlap, a cell can win in several, and has to collect the gradients of all.",
  fix: "dx[n, c, i*s+u, j*s+v] += dy[n, c, i, j]  # +=, not =",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => [
    at(layer.inputGradients[0], (run) => spread(layer, run, isFirstLargest, false)),
  ]),
};

export const poolValueForMask: Mistake = {
  name: "pool-gradient-times-value",
  why: "The winner gets the gradient times its value, but the output moves just as much as the winner does: the slope is 1.",
  fix: "dx[n, c, 2*i+u, 2*j+v] += dy[n, c, i, j]",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => [
    at(layer.inputGradients[0], (run) =>
      spread(layer, run, (values, k) => isFirstLargest(values, k) * values[k]),
    ),
    at(layer.inputGradients[0], (run) => {
      const g = gradientOf(layer, run);
      return inputGradientWith(layer, run, { g: mapped(g, () => 1) });
    }),
  ]),
};

export const poolGradientScaled: Mistake = {
  name: "pool-gradient-scaled",
  why: "The winner's gradient is divided by the cells of the window, but it gets all of it.",
  fix: "dx[n, c, 2*i+u, 2*j+v] += dy[n, c, i, j]",
  variations: atLayers<MaxPool2d>("maxPool2d", (layer) => [
    at(layer.inputGradients[0], (_, right) => scaled(right(), 1 / sizeOf(layer.resolved.kernel))),
  ]),
};
