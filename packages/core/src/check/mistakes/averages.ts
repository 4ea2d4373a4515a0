import type { AveragePool2d } from "../../layers/averagePool2d.js";
import { sizeOf, type Tensor } from "../../tensor.js";
import { windowOf } from "../kinks.js";
import type { NetworkLayer } from "../network.js";
import type { Run } from "../run.js";
import { at, atLayers, type Mistake } from "./mistake.js";
import { gradientOf, inputOf, scaled, zerosLike } from "./tools.js";

/* The way back through average-pooling. */

/** What comes back if each cell of a window gets `share` of the window's gradient. */
function spread(
  layer: NetworkLayer & { readonly resolved: AveragePool2d },
  run: Run,
  share: (values: readonly number[], k: number) => number,
): Tensor {
  const x = inputOf(layer, run);
  const g = gradientOf(layer, run);
  const result = zerosLike(x);
  for (let cell = 0; cell < g.data.length; cell++) {
    const places = windowOf(layer.resolved, cell);
    const values = places.map((place) => x.data[place]);
    for (const [k, place] of places.entries()) result.data[place] += share(values, k) * g.data[cell];
  }
  return result;
}

export const averageNotDivided: Mistake = {
  name: "average-gradient-not-divided",
  why: "Every cell of the window gets the whole gradient, but each moved the mean only by its share, one divided by the cells of the window.",
  fix: "dx[n, c, 2*i:2*i+2, 2*j:2*j+2] += dy[n, c, i, j] / 4",
  variations: atLayers<AveragePool2d>("averagePool2d", (layer) => {
    const [U, V] = layer.resolved.kernel;
    return [U * V, U, V]
      .filter((factor, k, all) => factor > 1 && all.indexOf(factor) === k)
      .map((factor) => at(layer.inputGradients[0], (_, right) => scaled(right(), factor)));
  }),
};

export const averageDividedTwice: Mistake = {
  name: "average-gradient-divided-twice",
  why: "The gradient is divided by the cells of the window twice.",
  fix: "dx[n, c, 2*i:2*i+2, 2*j:2*j+2] += dy[n, c, i, j] / 4  # once",
  variations: atLayers<AveragePool2d>("averagePool2d", (layer) => [
    at(layer.inputGradients[0], (_, right) => scaled(right(), 1 / sizeOf(layer.resolved.kernel))),
  ]),
};

export const averageToOne: Mistake = {
  name: "average-gradient-to-one-cell",
  why: "One cell of the window gets the gradient, the first or the largest one, but in a mean every cell has moved the output.",
  fix: "dx[n, c, 2*i:2*i+2, 2*j:2*j+2] += dy[n, c, i, j] / 4  # all of them",
  variations: atLayers<AveragePool2d>("averagePool2d", (layer) => {
    const last = sizeOf(layer.resolved.kernel) - 1;
    const to = (isOne: (values: readonly number[], k: number) => boolean) =>
      [1, 1 / (last + 1)].map((factor) =>
        at(layer.inputGradients[0], (run) =>
          spread(layer, run, (values, k) => (isOne(values, k) ? factor : 0)),
        ),
      );
    return [
      ...to((_, k) => k === 0),
      ...to((_, k) => k === last),
      ...to((values, k) => values.indexOf(Math.max(...values)) === k),
    ];
  }),
};
