import type { Conv2d } from "../../layers/conv2d.js";
import type { Dense } from "../../layers/dense.js";
import type { Shape, Tensor } from "../../tensor.js";
import { shortName } from "../layerSteps.js";
import type { CheckedNetwork, NetworkLayer } from "../network.js";
import type { Change, Run, Variation } from "../run.js";
import { mapped, total } from "../value.js";
import { output, weightOf } from "./convolutionForward.js";
import { at, atLayers, type Mistake, misshapen } from "./mistake.js";
import {
  forwardWith,
  inputGradientWith,
  mappedByIndex,
  only,
  parameterGradientWith,
  picked,
  reshaped,
  sameNumbers,
  scaled,
  summed,
  transposed,
} from "./tools.js";

/* Mistakes of the layers that learn: convolutions and dense layers. */

export const learningLayers = ({ layers }: CheckedNetwork) => layers.filter(({ kind }) => kind.rescales);

const biasOf = (layer: NetworkLayer) => layer.parameters[1]?.name;

export const biasLeftOut: Mistake = {
  name: "bias-left-out",
  why: "The bias is not added.",
  fix: "y = x @ w.T + b  # or w.T as it lies; a convolution adds b[o] to every cell of filter o",
  variations: (network) =>
    learningLayers(network)
      .filter(biasOf)
      .map((layer) => output(layer, () => ({ bias: null }))),
};

export const biasRepeated: Mistake = {
  name: "bias-added-repeatedly",
  why: "The bias stands inside a loop over the products and is added with each of them, but it belongs to the sum once.",
  fix: "y[n, o, i, j] = np.sum(window * w[o]) + b[o]  # + b[o] after the sum",
  variations: (network) =>
    learningLayers(network)
      .filter(biasOf)
      .flatMap((layer) => {
        const [, ...rest] = layer.parameters[0].shape;
        const [C, U = 1, V = 1] = rest;
        const counts = new Set([C * U * V, U * V, C, U, C * U, 2, network.images, -1]);
        counts.delete(1);
        return [...counts].map((count) =>
          output(layer, (run) => ({ bias: scaled(run.tensor(layer.parameters[1].name), count) })),
        );
      }),
};

export const biasMixed: Mistake = {
  name: "bias-of-wrong-output",
  why: "Every output gets the same bias, or that of another one.",
  fix: "y[:, o] += b[o]  # each output its own",
  variations: (network) =>
    learningLayers(network)
      .filter((layer) => layer.parameters[1]?.shape[0] > 1)
      .flatMap((layer) => {
        const [count] = layer.parameters[1].shape;
        const bias = (run: Run) => run.tensor(layer.parameters[1].name);
        const same = (f: (b: Tensor) => number) =>
          output(layer, (run) => ({
            bias: picked({ shape: [1], data: Float64Array.of(f(bias(run))) }, [count], () => [0]),
          }));
        return [
          same((b) => b.data[0]),
          same((b) => b.data[count - 1]),
          same(total),
          same((b) => total(b) / count),
          output(layer, (run) => ({ bias: picked(bias(run), [count], ([o]) => [count - 1 - o]) })),
        ];
      }),
};

export const sameImage: Mistake = {
  name: "same-image-for-all",
  why: "The loop over the batch computes the same image each time, because its index is missing or stuck.",
  fix: "for n in range(N): y[n] = layer(x[n])  # x[n], not x[0]",
  variations: (network) => {
    const { images, layers } = network;
    if (images === 1) return [];
    return layers.flatMap((layer) =>
      [0, images - 1].map((chosen) =>
        at(layer.output, (_, right) => {
          const y = right();
          return picked(y, y.shape, ([, ...rest]) => [chosen, ...rest]);
        }),
      ),
    );
  },
};

export const imagesOverwritten: Mistake = {
  name: "only-one-image-computed",
  why: "Only the first or the last image of the batch is computed, and the others stay 0.",
  fix: "for n in range(N): y[n] = layer(x[n])",
  variations: ({ images, shapes }) =>
    images === 1
      ? []
      : [...shapes.keys()]
          .filter((name) => name.endsWith(".out") || name === "grad.x")
          .flatMap((name) =>
            [0, images - 1].map((kept) => at(name, (_, right) => only(right(), ([n]) => n === kept))),
          ),
};

export const wrongInput: Mistake = {
  name: "wrong-input",
  why: "The layer is given another array than the output of the layer before it.",
  fix: "conv = conv2d(x, w1); relu = np.maximum(0, conv); pool = max_pool(relu)  # each from the one before",
  variations: ({ layers, shapes }) =>
    layers.flatMap((layer, k) =>
      layer.inputs.flatMap((right, input) =>
        layers
          .slice(0, k)
          .map((before) => before.output)
          .filter((name) => name !== right && shapes.get(name)?.join() === shapes.get(right)?.join())
          .map((name) => output(layer, (run) => ({ x: run.tensor(name), input }))),
      ),
    ),
};

export const gradientOfWrongInput: Mistake = {
  name: "gradient-from-wrong-input",
  why: "The gradient of the weights is computed with another array than the one that the layer was given on the way forward.",
  fix: "dw = dy.T @ x  # x is what went into this layer: behind the ReLU, not before it",
  variations: (network) =>
    learningLayers(network).flatMap((layer) => {
      const shape = [network.images, ...layer.resolved.inputShape];
      const names = [...network.shapes].filter(
        ([name, its]) => name !== layer.inputs[0] && its.join() === shape.join(),
      );
      return names.map(([name]) =>
        at(`grad.${layer.parameters[0].name}`, (run) =>
          parameterGradientWith(layer, "weight", run, { x: run.tensor(name) }),
        ),
      );
    }),
};

export const gradientOfWrongTensor: Mistake = {
  name: "gradient-from-wrong-gradient",
  why: "The gradient is computed from that of another array than this layer's output.",
  fix: "dw = dy.T @ x; db = dy.sum(axis=0)  # dy is the gradient of this layer's own output: after the ReLU's mask",
  variations: (network) =>
    network.layers.flatMap((layer) => {
      const own = `grad.${layer.output}`;
      const shape = network.shapes.get(own) ?? [];
      const names = [...network.shapes]
        .filter(([name, its]) => name !== own && its.join() === shape.join() && !name.startsWith("new."))
        .map(([name]) => name);
      return names.flatMap((name) => {
        const g = (run: Run) => ({ g: run.tensor(name) });
        const parts = layer.parameters.map(({ name: parameter }) =>
          at(`grad.${parameter}`, (run) => parameterGradientWith(layer, shortName(parameter), run, g(run))),
        );
        const back = layer.inputGradients.map((way) =>
          at(way, (run) => inputGradientWith(layer, run, g(run), way)),
        );
        return [...parts, { changes: Object.assign({}, ...parts.map(({ changes }) => changes)) }, ...back];
      });
    }),
};

/** Dense weights taken for the other order: transposed where they are square, or reshaped where they aren't. */
function misreadings(w: Tensor): Tensor[] {
  const [rows, columns] = w.shape;
  const result = [transposed(reshaped(w, [columns, rows])), reshaped(transposed(w), [rows, columns])];
  if (rows === columns) result.unshift(transposed(w));
  return result.filter((one) => !sameNumbers(one, w));
}

export const weightTransposed: Mistake = {
  name: "weight-transposed",
  why: "The matrix product takes the weights for [in, out] where they are [out, in], or the other way round; a reshape doesn't transpose.",
  fix: "y = x @ w.T + b  # w is [out, in]; for [in, out]: x @ w + b.  Backward: dx = dy @ w, or dy @ w.T",
  variations: atLayers<Dense>("dense", (layer) =>
    [0, 1, 2].flatMap((k) => [
      output(layer, (run) => {
        const weight = misreadings(weightOf(layer, run))[k];
        return weight && { weight };
      }),
      at(layer.inputGradients[0], (run, right) => {
        const weight = misreadings(weightOf(layer, run))[k];
        return weight ? inputGradientWith(layer, run, { weight }) : right();
      }),
    ]),
  ),
};

export const gradientTransposed: Mistake = {
  name: "gradient-transposed",
  why: "The gradient lies transposed to the array that it is the gradient of.",
  fix: "dw = dy.T @ x  # for w of [out, in]; x.T @ dy for [in, out].  Then dw.shape == w.shape",
  variations: (network) =>
    [...network.shapes]
      .filter(([name, shape]) => shape.length === 2 && name.startsWith("grad."))
      .flatMap(([name, shape]) => {
        const swapped: Shape = [shape[1], shape[0]];
        const change: Change = (_, right) => transposed(right());
        const variations = [shape[0] === shape[1] ? at(name, change) : misshapen(name, change)];
        if (shape[0] !== shape[1]) {
          variations.push(
            at(name, (_, right) => reshaped(transposed(right()), shape)),
            at(name, (_, right) => transposed(reshaped(right(), swapped))),
          );
        }
        return variations;
      }),
};

export const lastUnitOnly: Mistake = {
  name: "units-overwritten",
  why: "Each unit's share of the input's gradient replaces the one before, but an input went into all units.",
  fix: "dx += dy[:, o:o+1] * w[o]  # += over o, not =; or dx = dy @ w",
  variations: atLayers<Dense>("dense", (layer) => {
    const [O] = layer.resolved.outputShape;
    return [O - 1, 0].map((kept) =>
      at(layer.inputGradients[0], (run) =>
        inputGradientWith(layer, run, { g: only(run.tensor(`grad.${layer.output}`), ([, o]) => o === kept) }),
      ),
    );
  }),
};

export const inputsOverwritten: Mistake = {
  name: "inputs-overwritten",
  why: "Each product replaces the one before, instead of being added to it, so that only one input counts.",
  fix: "y[n, o] += w[o, k] * x[n, k]  # += over k, not =",
  variations: atLayers<Dense>("dense", (layer) => {
    const [K] = layer.resolved.inputShape;
    return [K - 1, 0].map((kept) =>
      output(layer, (run) => ({ weight: only(weightOf(layer, run), ([, k]) => k === kept) })),
    );
  }),
};

export const inputsAveraged: Mistake = {
  name: "inputs-averaged",
  why: "The products are averaged (np.mean), but a dense layer adds them.",
  fix: "y = x @ w.T + b",
  variations: atLayers<Dense>("dense", (layer) => {
    const [K] = layer.resolved.inputShape;
    return [output(layer, (run) => ({ weight: scaled(weightOf(layer, run), 1 / K) }))];
  }),
};

/** The sum of the pixels that each weight has met, times the sum of the gradients that it has met, instead of the sum of products. */
const convolvedSums = atLayers<Conv2d>("conv2d", (layer, { images }) => {
  const name = `grad.${layer.parameters[0].name}`;
  const ones = (g: Tensor, keep: (n: number) => boolean) => mappedByIndex(g, (_, [n]) => (keep(n) ? 1 : 0));
  const productOf = (run: Run, keep: (n: number) => boolean): Tensor => {
    const g = run.tensor(`grad.${layer.output}`);
    const met = parameterGradientWith(layer, "weight", run, { g: ones(g, keep) });
    const sums = summed(
      only(g, ([n]) => keep(n)),
      [0, 2, 3],
    );
    return mappedByIndex(met, (value, [o]) => value * sums.data[o]);
  };
  const perImage = (run: Run) =>
    Array.from({ length: images }, (_, image) => productOf(run, (n) => n === image)).reduce((a, b) =>
      mapped(a, (value, k) => value + b.data[k]),
    );
  return [
    at(name, (run) => productOf(run, () => true)),
    at(name, (run) =>
      scaled(
        productOf(run, () => true),
        1 / images,
      ),
    ),
    ...(images > 1 && images <= 8 ? [at(name, perImage)] : []),
  ];
});

/** The same of a dense layer, over the batch. */
const denseSums = atLayers<Dense>("dense", (layer, { images }) => {
  if (images === 1) return [];
  const sumOfImages = (t: Tensor, factor: number): Tensor => {
    const [N, K] = t.shape;
    const data = new Float64Array(K);
    for (let n = 0; n < N; n++) for (let k = 0; k < K; k++) data[k] += factor * t.data[n * K + k];
    return { shape: [1, K], data };
  };
  return [1, 1 / images, 1 / images ** 2].map((factor) =>
    at(`grad.${layer.parameters[0].name}`, (run) =>
      parameterGradientWith(layer, "weight", run, {
        g: sumOfImages(run.tensor(`grad.${layer.output}`), factor),
        x: sumOfImages(run.tensor(layer.inputs[0]), 1),
      }),
    ),
  );
});

export const productOfSums: Mistake = {
  name: "product-of-sums",
  why: "Gradients and inputs are summed before they are multiplied, but each gradient belongs to the input at its own image and place: what is needed is the sum of the products.",
  fix: "dw = dy.T @ x  # in a convolution: dw[o, c, u, v] = np.sum(x[:, c, u:u+I, v:v+J] * dy[:, o])",
  variations: (network, run) => [...denseSums(network, run), ...convolvedSums(network, run)],
};

export const savedBehindRelu: Mistake = {
  name: "relu-in-place",
  why: "The ReLU wrote its result over its input, so that the array doesn't hold what was saved under its name.",
  fix: "relu = np.maximum(0, conv)  # a new array; not np.maximum(0, conv, out=conv), not conv[conv < 0] = 0",
  variations: ({ layers }) =>
    layers
      .filter(({ type }) => type === "relu")
      .map(
        (layer): Variation => ({
          changes: {},
          shown: { [layer.inputs[0]]: (run, right) => forwardWith(layer, run, { x: right() }) },
        }),
      ),
};
