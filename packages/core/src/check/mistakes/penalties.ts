import type { CheckedNetwork } from "../network.js";
import type { Run, Variation } from "../run.js";
import { mapped } from "../value.js";
import { fitted, fittedByLargest, inDigits, isTyped } from "./fit.js";
import { at, type Mistake, parameterNames, together } from "./mistake.js";

/* A penalty on large weights, L/2 * the sum of their squares: in the loss, in the gradients, or in the update. */

/** The parameters that may be penalised: all weights, those of dense layers, all parameters, or those of one layer alone. */
function penalisedSets(network: CheckedNetwork): string[][] {
  const all = parameterNames(network);
  const weights = all.filter((name) => name.endsWith(".weight"));
  const dense = network.layers
    .filter(({ type }) => type === "dense")
    .flatMap(({ parameters }) => parameters.slice(0, 1).map(({ name }) => name));
  const sets = [weights, all, dense, ...weights.map((name) => [name])];
  return sets.filter((set, k) => set.length > 0 && sets.findIndex((one) => one.join() === set.join()) === k);
}

/** How strong the penalty is that the gradients show. */
const strengthInGradients = (run: Run, names: readonly string[]) =>
  fittedByLargest(
    run,
    names.map((name) => `grad.${name}`),
    (gradient) => {
      const weight = run.given.get(gradient.slice("grad.".length))?.tensor;
      return weight && fitted(run, gradient, weight);
    },
  );

function squaresOf(run: Run, names: readonly string[]): number | undefined {
  let sum = 0;
  for (const name of names) {
    const weight = run.given.get(name)?.tensor;
    if (!weight) return undefined;
    for (const value of weight.data) sum += value * value;
  }
  return sum;
}

const inGradients = (names: readonly string[], strength: number): Variation =>
  together(
    ...names.map((name) =>
      at(`grad.${name}`, (run, right) => {
        const weight = run.tensor(name);
        return mapped(right(), (value, k) => value + strength * weight.data[k]);
      }),
    ),
  );

const inLoss = (run: Run, names: readonly string[], share: number): Variation => {
  const squares = squaresOf(run, names);
  return squares === undefined
    ? { changes: {} }
    : at("loss", (_, right) => mapped(right(), (value) => value + share * squares));
};

const lambda = (strength: number, network: CheckedNetwork, run: Run): string =>
  !isTyped(strength, run) && isTyped(strength * network.images, run)
    ? `lambda = ${inDigits(strength)}, which is ${inDigits(strength * network.images)} / N.`
    : `lambda = ${inDigits(strength)}.`;

export const penaltyUsed: Mistake = {
  name: "l2-penalty",
  harmless: true,
  why: "Large weights are penalised: lambda / 2 times the sum of their squares belongs to the loss, lambda times the weight to each gradient.",
  fix: "dw += lam * w; loss += 0.5 * lam * np.sum(w * w)",
  variations: (network, run) =>
    penalisedSets(network).flatMap((names) => {
      const strength = strengthInGradients(run, names);
      if (strength === undefined || strength < 0) return [];
      const detail = lambda(strength, network, run);
      const gradients = { ...inGradients(names, strength), detail };
      return [gradients, together(gradients, inLoss(run, names, strength / 2))];
    }),
};

/** A penalty in the loss alone, that nothing but the loss shows: taken for one if its strength is a number that people type. */
function penaltyInLoss(network: CheckedNetwork, run: Run): { names: string[]; share: number }[] {
  const loss = run.given.get("loss")?.tensor.data[0];
  const right = run.expected("loss")?.[0]?.data[0];
  if (loss === undefined || right === undefined || !(loss > right)) return [];
  return penalisedSets(network).flatMap((names) => {
    const squares = squaresOf(run, names);
    const share = squares ? (loss - right) / squares : 0;
    const typed = [share, 2 * share, share * network.images, 2 * share * network.images];
    return typed.some((value) => isTyped(value, run)) ? [{ names, share }] : [];
  });
}

export const decayUsed: Mistake = {
  name: "weight-decay",
  harmless: true,
  why: "The update shrinks the weights besides: w -= lr * (dw + lambda * w).",
  fix: "w -= lr * (dw + lam * w)",
  variations: (network, run) =>
    penalisedSets(network).flatMap((names) => {
      const rate = run.given.get("lr")?.tensor.data[0];
      const share = fittedByLargest(
        run,
        names.map((name) => `new.${name}`),
        (name) => {
          const weight = run.given.get(name.slice("new.".length))?.tensor;
          return weight && fitted(run, name, weight);
        },
      );
      if (rate === undefined || share === undefined || share > 0 || share < -0.5) return [];
      const detail = lambda(-share / rate, network, run);
      const updates = {
        ...together(
          ...names.map((name) =>
            at(`new.${name}`, (changed, right) => {
              const weight = changed.tensor(name);
              return mapped(right(), (value, k) => value + share * weight.data[k]);
            }),
          ),
        ),
        detail,
      };
      return [updates, together(updates, inLoss(run, names, -share / rate / 2))];
    }),
};

/** Gradients that are given, and of which none shows a penalty. */
const gradientsArePlain = (network: CheckedNetwork, run: Run) =>
  parameterNames(network).some((name) => name.endsWith(".weight") && run.given.has(`grad.${name}`));

export const penaltyReported: Mistake = {
  name: "l2-penalty-in-loss",
  harmless: true,
  why: "The loss has a penalty on large weights, as their squares' sum shows; no gradient was saved that could have it, too.",
  fix: "loss += 0.5 * lam * np.sum(w * w)",
  variations: (network, run) =>
    gradientsArePlain(network, run)
      ? []
      : penaltyInLoss(network, run).map(({ names, share }) => ({
          ...inLoss(run, names, share),
          detail: lambda(2 * share, network, run),
        })),
};

export const penaltyLeftOut: Mistake = {
  name: "l2-left-out-of-gradients",
  why: "The loss has a penalty on large weights, but the gradients have none: each weight's needs lambda times the weight.",
  fix: "loss = data_loss + 0.5 * lam * np.sum(w * w); dw += lam * w",
  variations: (network, run) =>
    gradientsArePlain(network, run)
      ? penaltyInLoss(network, run).map(({ names, share }) => ({
          ...inLoss(run, names, share),
          detail: lambda(2 * share, network, run),
        }))
      : [],
};

export const penaltyScaled: Mistake = {
  name: "l2-factor",
  why: "The penalty in the loss and the one in the gradients don't belong together: the slope of lambda / 2 * w^2 is lambda * w, that of lambda * w^2 is 2 * lambda * w.",
  fix: "loss += 0.5 * lam * np.sum(w * w); dw += lam * w",
  variations: (network, run) =>
    penalisedSets(network).flatMap((names) => {
      const strength = strengthInGradients(run, names);
      if (strength === undefined || strength < 0) return [];
      return [1, 0.25, network.images, 1 / network.images, network.images / 2, 1 / (2 * network.images)]
        .filter((share) => share !== 0.5)
        .map((share) => together(inGradients(names, strength), inLoss(run, names, share * strength)));
    }),
};

export const penaltySign: Mistake = {
  name: "l2-sign",
  why: "The penalty is subtracted from the gradient, so that weights grow instead of being kept small.",
  fix: "dw += lam * w  # +=, as the loss has + 0.5 * lam * np.sum(w * w)",
  variations: (network, run) =>
    penalisedSets(network).flatMap((names) => {
      const strength = strengthInGradients(run, names);
      if (strength === undefined || strength > 0 || !isTyped(strength, run)) return [];
      const gradients = inGradients(names, strength);
      return [gradients, together(gradients, inLoss(run, names, -strength / 2))];
    }),
};
