import { type Shape, type Tensor, zeros } from "../../tensor.js";
import { shortName } from "../layerSteps.js";
import type { CheckedNetwork, NetworkLayer } from "../network.js";
import type { Change, Run, Variation } from "../run.js";
import { mapped, total } from "../value.js";
import { at, type Mistake, misshapen, parameterNames, together } from "./mistake.js";
import { gradientOf, only, parameterGradientWith, scaled, summed, zerosLike } from "./tools.js";
import { learningLayers } from "./weightedSums.js";

const gradientsOf = (network: CheckedNetwork) => parameterNames(network).map((name) => `grad.${name}`);

/** A change of each gradient of parameters, of those of a layer together, and of all together. */
function everywhere(network: CheckedNetwork, change: Change): Variation[] {
  return everywhereBy(network, () => change);
}

function everywhereBy(network: CheckedNetwork, changeOf: (name: string) => Change): Variation[] {
  const single = gradientsOf(network).map((name) => at(name, changeOf(name)));
  const layers = learningLayers(network).map(({ parameters }) =>
    together(...parameters.map(({ name }) => at(`grad.${name}`, changeOf(`grad.${name}`)))),
  );
  const kinds = [".weight", ".bias"].map((kind) =>
    together(
      ...gradientsOf(network)
        .filter((name) => name.endsWith(kind))
        .map((name) => at(name, changeOf(name))),
    ),
  );
  return [...single, ...layers, ...kinds, together(...single)].filter(
    ({ changes }) => Object.keys(changes).length > 0,
  );
}

/** Gradients of activations: that of the scores first. */
function activations({ layers, scores }: CheckedNetwork, change: Change): Variation[] {
  const names = new Set([scores, ...layers.flatMap(({ inputs }) => inputs)]);
  return [...names].map((name) => at(`grad.${name}`, change));
}

const times =
  (factor: number): Change =>
  (_, right) =>
    scaled(right(), factor);

export const batchMeanLeftOut: Mistake = {
  name: "batch-mean-left-out",
  why: "The loss is the mean over the batch, so that its gradient has a 1/N, which is missing here.",
  fix: "dz = (p - onehot) / N  # once; everything behind it inherits the 1/N",
  variations: (network) =>
    network.images === 1
      ? []
      : [...activations(network, times(network.images)), ...everywhere(network, times(network.images))],
};

export const batchMeanTwice: Mistake = {
  name: "batch-mean-twice",
  why: "The gradient is divided by N twice; what came from behind had its 1/N already.",
  fix: "dz = (p - onehot) / N; dw = dy.T @ x; db = dy.sum(axis=0)  # / N only once",
  variations: (network) =>
    network.images === 1
      ? []
      : [
          ...activations(network, times(1 / network.images)),
          ...everywhere(network, times(1 / network.images)),
        ],
};

export const gradientSign: Mistake = {
  name: "gradient-sign",
  why: "The gradient has the wrong sign: y - p points downhill, the gradient is p - y.",
  fix: "dz = (p - onehot) / N",
  variations: (network) => [...activations(network, times(-1)), ...everywhere(network, times(-1))],
};

export const gradientScaled: Mistake = {
  name: "gradient-scaled",
  why: "The gradient is multiplied by 2 or 1/2, as from a square, or divided by the number of classes; p - y has no such factor.",
  fix: "dz = (p - onehot) / N",
  variations: (network) =>
    [2, 0.5, 1 / network.classes, network.classes].flatMap((factor) => [
      ...activations(network, times(factor)),
      ...everywhere(network, times(factor)),
    ]),
};

export const gradientLeftOut: Mistake = {
  name: "gradient-left-out",
  why: "The gradient is 0: it is not computed, or not stored.",
  fix: "dw = dy.T @ x; db = dy.sum(axis=0)",
  variations: (network) => {
    // a sum that comes to nearly nothing is no zero
    const zeroOf =
      (name: string): Change =>
      (run, right) => {
        const yours = run.given.get(name)?.tensor.data;
        return yours?.some((value) => value !== 0) ? right() : zerosLike(right());
      };
    return [...everywhereBy(network, zeroOf), ...activations(network, (_, right) => zerosLike(right()))];
  },
};

export const gradientOfOneImage: Mistake = {
  name: "batch-overwritten",
  why: "Each image's gradient replaces the one before, but parameters serve all images, and their gradient is the sum.",
  fix: "dw += np.outer(dy[n], x[n]); db += dy[n]  # += over n, not =",
  variations: (network) => {
    const { images } = network;
    if (images === 1) return [];
    return [images - 1, 0].flatMap((kept) =>
      [1, images].flatMap((factor) => {
        const change =
          (layer: NetworkLayer, name: string): Change =>
          (run) =>
            scaled(
              parameterGradientWith(layer, shortName(name), run, {
                g: only(run.tensor(`grad.${layer.output}`), ([n]) => n === kept),
              }),
              factor,
            );
        const layers = learningLayers(network).map((layer) =>
          layer.parameters.map(({ name }) => at(`grad.${name}`, change(layer, name))),
        );
        return [...layers.flat(), ...layers.map((parts) => together(...parts)), together(...layers.flat())];
      }),
    );
  },
};

const biasLayers = (network: CheckedNetwork) =>
  learningLayers(network).filter(({ parameters }) => parameters.length > 1);

export const biasGradientMean: Mistake = {
  name: "bias-gradient-mean",
  why: "A bias was added to every image (and every cell), so that its gradient is the sum over all of them, not the mean.",
  fix: "db = dy.sum(axis=0)  # in a convolution dy.sum(axis=(0, 2, 3)); not mean",
  variations: (network) =>
    biasLayers(network).flatMap((layer) => {
      const { images } = network;
      const [count] = layer.parameters[1].shape;
      const cells = layer.resolved.outputShape.reduce((product, size) => product * size, 1) / count;
      const counts = new Set([images, images * cells, cells, count]);
      counts.delete(1);
      return [...counts].map((divisor) => at(`grad.${layer.parameters[1].name}`, times(1 / divisor)));
    }),
};

export const biasGradientSummedUp: Mistake = {
  name: "bias-gradient-of-all",
  why: "All output gradients are summed together, but each bias has only those of its own output.",
  fix: "db = dy.sum(axis=0)  # in a convolution dy.sum(axis=(0, 2, 3))",
  variations: (network) =>
    biasLayers(network).flatMap((layer) => {
      const [count] = layer.parameters[1].shape;
      const sum = (run: Run) => total(gradientOf(layer, run));
      const name = `grad.${layer.parameters[1].name}`;
      const all = at(name, (run) => mapped(zeros([count], "float64"), () => sum(run)));
      // as one number it is the same for the update, which adds it to every bias
      const asOne = (shape: Shape): Variation => ({
        ...all,
        shown: { [name]: (run) => ({ shape, data: Float64Array.of(sum(run)) }) },
      });
      return count === 1 ? [all] : [all, asOne([1]), asOne([])];
    }),
};

export const wrongAxis: Mistake = {
  name: "bias-gradient-wrong-axis",
  why: "The gradient of the bias is summed over the wrong dimensions; what remains must be one number for each output.",
  fix: "db = dy.sum(axis=0)  # in a convolution dy.sum(axis=(0, 2, 3))",
  variations: (network) =>
    biasLayers(network).flatMap((layer) => {
      const name = `grad.${layer.parameters[1].name}`;
      const choices =
        layer.resolved.outputShape.length === 1
          ? [[1], []]
          : [[1, 2, 3], [2, 3], [0], [0, 1], [0, 2], [0, 3], [1], [0, 1, 3], [0, 1, 2]];
      const all = [network.images, ...layer.resolved.outputShape];
      const [count] = layer.parameters[1].shape;
      const sums = choices.map((axes) => {
        const left = all.filter((_, d) => !axes.includes(d)).join();
        const sum: Change = (run) => summed(gradientOf(layer, run), axes);
        return left === String(count) ? at(name, sum) : misshapen(name, sum);
      });
      const lastOnly = at(name, (run) => lastOf(gradientOf(layer, run), layer));
      return [...sums, lastOnly];
    }),
};

/** The gradients of the last image's last cell, not summed at all. */
function lastOf(g: Tensor, layer: NetworkLayer): Tensor {
  const [count] = layer.parameters[1].shape;
  const inner = g.data.length / g.shape[0] / count;
  return mapped(
    zeros([count], "float64"),
    (_, o) => g.data[(g.shape[0] - 1) * count * inner + o * inner + inner - 1],
  );
}
