import { softmax } from "../../losses/softmax.js";
import type { Shape, Tensor } from "../../tensor.js";
import type { CheckedNetwork } from "../network.js";
import type { Run, Variation } from "../run.js";
import { mapped, total } from "../value.js";
import { fittedNumber, inDigits } from "./fit.js";
import { at, type Mistake, misshapen } from "./mistake.js";
import { forwardWith, mappedByIndex, picked } from "./tools.js";
import { learningLayers } from "./weightedSums.js";

/* Arrays that were overwritten before they were saved, cut to nothing, or not saved. */

export const scoresOverwritten: Mistake = {
  name: "scores-saved-after-softmax",
  why: "Softmax wrote its result over the scores, or the result was saved under their name: the array holds the probabilities.",
  fix: "scores = a @ w.T + b; p = softmax(scores)  # a new array",
  variations: ({ scores, loss }) =>
    loss.kind === "crossEntropy"
      ? [{ changes: {}, shown: { [scores]: (_, right) => softmax(right()) } }]
      : [],
};

export const derivativeOverwrote: Mistake = {
  name: "derivative-in-place",
  why: "The ReLU's derivative, 0 and 1, was written over the array itself (z[z > 0] = 1), so that it doesn't hold what was saved under its name.",
  fix: "mask = z > 0; dz = da * mask  # a new array; not z[z <= 0] = 0, z[z > 0] = 1",
  variations: ({ layers }) =>
    layers
      .filter(({ type }) => type === "relu")
      .flatMap(({ inputs, output }): Variation[] => {
        const step = (_: Run, right: () => Tensor) => mapped(right(), (value) => (value > 0 ? 1 : 0));
        return [
          { changes: {}, shown: { [inputs[0]]: step } },
          { changes: {}, shown: { [output]: step } },
          { changes: {}, shown: { [inputs[0]]: step, [output]: step } },
        ];
      }),
};

export const emptySlice: Mistake = {
  name: "empty-slice",
  why: "The array is empty: [p:-p] takes away the padding, but with p = 0 it is [0:0] and takes away everything.",
  fix: "dx = dxp[:, :, p:p+H, p:p+W]  # not [p:-p]",
  variations: ({ shapes }) =>
    [...shapes]
      .filter(([, shape]) => shape.length === 4)
      .flatMap(([name, [N, C, H, W]]) => {
        const empty = (shape: Shape) => misshapen(name, () => ({ shape, data: new Float64Array(0) }));
        return [
          [N, C, 0, 0],
          [N, C, 0, W],
          [N, C, H, 0],
        ].map(empty);
      }),
};

/** What is added to each channel of a layer's output, if it is the same number in all its cells. */
function constants(run: Run, layer: CheckedNetwork["layers"][number]): Float64Array | undefined {
  const yours = run.given.get(layer.output)?.tensor;
  if (!yours || !run.given.has(layer.inputs[0]) || !run.given.has(layer.parameters[0].name)) return undefined;
  const sums = forwardWith(layer, run, { bias: null });
  const [N, C] = sums.shape;
  const cells = sums.data.length / N / C;
  if (N * cells < 2) return undefined; // any difference is constant then
  const result = new Float64Array(C);
  for (let k = 0; k < sums.data.length; k++) {
    result[Math.floor(k / cells) % C] += (yours.data[k] - sums.data[k]) / (N * cells);
  }
  return result;
}

const withConstants = (layer: CheckedNetwork["layers"][number], bias: Float64Array): Variation =>
  at(layer.output, (run) => {
    const sums = forwardWith(layer, run, { bias: null });
    return mappedByIndex(sums, (value, index) => value + bias[index[1]]);
  });

export const biasNotSaved: Mistake = {
  name: "bias-not-saved",
  why: "Each channel differs from the weighted sum by one constant: there is a bias that was not saved.",
  fix: "saved['conv1.bias'] = b  # or, in a network without biases, add none",
  variations: (network, run) =>
    learningLayers(network)
      .filter(({ parameters }) => parameters.length === 1)
      .flatMap((layer) => {
        const found = constants(run, layer);
        return found ? [withConstants(layer, found)] : [];
      }),
};

export const otherBias: Mistake = {
  name: "other-bias-added",
  why: "Each channel differs from the weighted sum by one constant, but that isn't the bias that was saved: another variable has its name, or it was changed before it was saved.",
  fix: "y = x @ w.T + b  # b must be the one that is saved",
  variations: (network, run) =>
    learningLayers(network)
      .filter(({ parameters }) => parameters.length > 1 && parameters[1].shape.length === 1)
      .flatMap((layer) => {
        const found = constants(run, layer);
        if (!found) return [];
        const same = fittedNumber(found);
        const count = same !== undefined && Math.abs(same - network.images) < 1e-6 * network.images;
        const detail =
          same === undefined
            ? undefined
            : `It is ${inDigits(same)} for all of them${count ? ", which is N, the number of images" : ""}.`;
        return [{ ...withConstants(layer, found), ...(detail && { detail }) }];
      }),
};

export const biasAddedToWeights: Mistake = {
  name: "bias-added-to-weights",
  why: "The bias is added to the weights, each of which is then multiplied with an input; it belongs to the sum, once.",
  fix: "y[n, o, i, j] = np.sum(window * w[o]) + b[o]  # not window * (w[o] + b[o])",
  variations: (network) =>
    learningLayers(network)
      .filter(({ parameters }) => parameters.length > 1 && parameters[1].shape.length === 1)
      .flatMap((layer) =>
        [false, true].map((twice) =>
          at(layer.output, (run) => {
            const [weight, bias] = layer.parameters.map(({ name }) => run.tensor(name));
            const moved = mappedByIndex(weight, (value, [o]) => value + bias.data[o]);
            return forwardWith(layer, run, { weight: moved, bias: twice ? bias : null });
          }),
        ),
      ),
};

export const lossPerImage: Mistake = {
  name: "loss-per-image",
  why: "There is one loss for each image, but the loss of a batch is one number, their mean: only that has the gradient (p - y) / N.",
  fix: "loss = -np.log(p[np.arange(N), y]).mean()  # with the .mean()",
  variations: ({ images, classes }) =>
    images === 1
      ? []
      : [
          misshapen("loss", (run) => {
            const p = run.tensor("probs");
            const labels = run.network.labels;
            const of = (n: number) => {
              const rows = mapped(p, (value, k) =>
                Math.floor(k / classes) !== n || !labels?.data[k] ? 0 : -labels.data[k] * Math.log(value),
              );
              return total(rows);
            };
            return { shape: [images], data: Float64Array.from({ length: images }, (_, n) => of(n)) };
          }),
        ],
};

export const oneImageKept: Mistake = {
  name: "only-one-image-kept",
  why: "The array has the numbers of one image alone: the loop over the batch makes a new array each time, or it was saved inside the loop.",
  fix: "out = np.zeros((N, ...)); for n in range(N): out[n] = layer(x[n])",
  variations: ({ images, shapes }) =>
    images === 1
      ? []
      : [...shapes]
          .filter(([name]) => name.endsWith(".out") || name === "probs" || name === "grad.x")
          .flatMap(([name, [, ...shape]]) =>
            [0, images - 1].flatMap((kept) => {
              const one = (t: Tensor): Tensor => ({
                shape,
                data: picked(t, [1, ...shape], ([, ...rest]) => [kept, ...rest]).data,
              });
              return [
                misshapen(name, (_, right) => one(right())),
                misshapen(name, (_, right) => ({ ...one(right()), shape: [1, ...shape] })),
              ];
            }),
          ),
};
