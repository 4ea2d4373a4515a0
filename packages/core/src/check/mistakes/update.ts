import type { Tensor } from "../../tensor.js";
import type { CheckedNetwork, NetworkLayer } from "../network.js";
import { type Change, MissingArray, type Run, type Variation } from "../run.js";
import { mapped } from "../value.js";
import { at, type Mistake, parameterNames, together } from "./mistake.js";
import { inputGradientWith } from "./tools.js";
import { learningLayers } from "./weightedSums.js";

/** parameter + factor * gradient, for each parameter and for all. */
function updates(
  network: CheckedNetwork,
  step: (run: Run, name: string) => { factor: number; keep?: number },
): Variation[] {
  const change =
    (name: string): Change =>
    (run) => {
      const { factor, keep = 1 } = step(run, name);
      const gradient = run.tensor(`grad.${name}`);
      return mapped(run.tensor(name), (value, k) => keep * value + factor * gradient.data[k]);
    };
  const single = parameterNames(network).map((name) => at(`new.${name}`, change(name)));
  const layers = learningLayers(network).map(({ parameters }) =>
    together(...parameters.map(({ name }) => at(`new.${name}`, change(name)))),
  );
  const kinds = [".weight", ".bias"].map((kind) =>
    together(
      ...parameterNames(network)
        .filter((name) => name.endsWith(kind))
        .map((name) => at(`new.${name}`, change(name))),
    ),
  );
  return [...single, ...layers, ...kinds, together(...single)];
}

const rateOf = (run: Run) => run.tensor("lr").data[0];

export const gradientAdded: Mistake = {
  name: "gradient-added",
  why: "The gradient points uphill; adding it makes the loss larger.",
  fix: "w -= lr * dw  # minus",
  variations: (network) => updates(network, (run) => ({ factor: rateOf(run) })),
};

export const rateTwice: Mistake = {
  name: "learning-rate-twice",
  why: "The gradient is multiplied by the learning rate twice.",
  fix: "w -= lr * dw  # and no lr in dw",
  variations: (network) => updates(network, (run) => ({ factor: -(rateOf(run) ** 2) })),
};

export const rateLeftOut: Mistake = {
  name: "learning-rate-left-out",
  why: "The whole gradient is subtracted, without the learning rate.",
  fix: "w -= lr * dw",
  variations: (network) => [
    ...updates(network, () => ({ factor: -1 })),
    ...updates(network, (run) => ({ factor: -1 / rateOf(run) })),
  ],
};

export const updateLeftOut: Mistake = {
  name: "update-left-out",
  why: "The parameter is what it was: the update is missing, or was made on a copy.",
  fix: "w -= lr * dw  # for every weight and every bias",
  variations: (network) => updates(network, () => ({ factor: 0 })),
};

export const updateReplaces: Mistake = {
  name: "update-replaces",
  why: "The parameter is replaced by the step (=- means = (-...)), instead of being moved by it.",
  fix: "w -= lr * dw  # -=, not =-",
  variations: (network) => updates(network, (run) => ({ factor: -rateOf(run), keep: 0 })),
};

export const updateWithoutMean: Mistake = {
  name: "update-scaled",
  why: "The step is multiplied or divided by the number of images (or by 2), although the gradient is the mean already.",
  fix: "w -= lr * dw",
  variations: (network) =>
    [network.images, 1 / network.images, 2, 0.5]
      .filter((count) => count !== 1)
      .flatMap((count) => updates(network, (run) => ({ factor: -rateOf(run) * count }))),
};

export const updatedTwice: Mistake = {
  name: "update-with-wrong-gradient",
  why: "The parameter is updated with the gradient of another one.",
  fix: "w1 -= lr * dw1; w2 -= lr * dw2",
  variations: (network) => {
    const parameters = learningLayers(network).flatMap((layer) => layer.parameters);
    return parameters.flatMap(({ name, shape }) =>
      parameters
        .filter((other) => other.name !== name && other.shape.join() === shape.join())
        .map((other) =>
          at(`new.${name}`, (run) => {
            const gradient = run.tensor(`grad.${other.name}`);
            return mapped(run.tensor(name), (value, k) => value - rateOf(run) * gradient.data[k]);
          }),
        ),
    );
  },
};

/** The weights after the step: as given, or computed. */
function newWeight(layer: NetworkLayer, run: Run): Tensor {
  return run.tensor(`new.${layer.parameters[0].name}`);
}

export const updatedEarly: Mistake = {
  name: "weights-updated-early",
  why: "The weights are updated before the gradient of the layer's input is computed, which still needs those that were used on the way forward.",
  fix: "dx = dy @ w  # first\nw -= lr * dw  # then",
  variations: (network) =>
    learningLayers(network).flatMap((layer): Variation[] => {
      const name = layer.inputGradients[0];
      const { name: weight } = layer.parameters[0];
      return [
        at(name, (run) => inputGradientWith(layer, run, { weight: newWeight(layer, run) })),
        at(name, (run, right) => fittedStep(layer, run, right(), run.tensor(`grad.${weight}`), name)),
      ];
    }),
};

/** Where no learning rate is given: the one that fits the person's gradient best. */
function fittedStep(layer: NetworkLayer, run: Run, right: Tensor, gradient: Tensor, name: string): Tensor {
  const yours = run.given.get(name)?.tensor;
  if (!yours || run.given.has("lr")) return right;
  const direction = inputGradientWith(layer, run, { weight: gradient });
  let above = 0;
  let below = 0;
  for (let k = 0; k < right.data.length; k++) {
    above += (right.data[k] - yours.data[k]) * direction.data[k];
    below += direction.data[k] ** 2;
  }
  const rate = above / below;
  return rate > 0 && rate < 10 ? mapped(right, (value, k) => value - rate * direction.data[k]) : right;
}

export const savedAfterUpdate: Mistake = {
  name: "saved-after-update",
  why: "The parameters were updated in place before they were saved, so that the file has the new ones under the old ones' names.",
  fix: "saved = {'conv1.weight': w.copy()}  # before w -= lr * dw",
  variations: (network) => {
    const overwritten = parameterNames(network);
    const back =
      (name: string): Change =>
      (run) => {
        const given = run.given.get(name)?.tensor;
        const gradient = run.given.get(`grad.${name}`)?.tensor; // what is computed from the parameter would go in a circle
        if (!given || !gradient) throw new MissingArray(name);
        return mapped(given, (value, k) => value + rateOf(run) * gradient.data[k]);
      };
    const one = (names: readonly string[]): Variation => ({
      changes: Object.fromEntries(names.map((name) => [name, back(name)])),
      overwritten: names,
    });
    const kinds = [".weight", ".bias"].map((kind) => overwritten.filter((name) => name.endsWith(kind)));
    return [one(overwritten), ...kinds.map(one), ...overwritten.map((name) => one([name]))];
  },
};
