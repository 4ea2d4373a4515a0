import type { CheckedNetwork } from "../network.js";
import type { Change, Run, Variation } from "../run.js";
import { mapped } from "../value.js";
import { fitted, fittedByLargest, inDigits } from "./fit.js";
import { at, type Mistake, parameterNames, together } from "./mistake.js";
import { scaled } from "./tools.js";

/* Other ways to make a step that are as good as plain gradient descent. */

const rateOf = (run: Run) => run.tensor("lr").data[0];

/** All parameters moved by what `step` makes of each gradient, times the learning rate. */
const allMoved = (network: CheckedNetwork, step: (gradient: number) => number): Variation =>
  together(
    ...parameterNames(network).map((name) =>
      at(`new.${name}`, (run) => {
        const gradient = run.tensor(`grad.${name}`);
        return mapped(run.tensor(name), (value, k) => value - rateOf(run) * step(gradient.data[k]));
      }),
    ),
  );

const times =
  (factor: number): Change =>
  (_, right) =>
    scaled(right(), factor);

/** The gradient of the scores times `factor`, with everything behind it, and an update that makes up for that. */
function madeUpFor(network: CheckedNetwork, run: Run, factor: number): Variation[] {
  // without an update in the file nobody knows whether it makes up for that
  if (![...run.given.keys()].some((name) => name.startsWith("new."))) return [];
  const gradients = at(`grad.${network.scores}`, times(factor));
  return [
    together(
      gradients,
      allMoved(network, (gradient) => gradient / factor),
    ),
  ];
}

export const meanInUpdate: Mistake = {
  name: "mean-in-update",
  harmless: true,
  why: "The gradients are summed over the batch, and the update divides them by N.",
  fix: "w -= lr / N * dw",
  variations: (network, run) => {
    if (network.images === 1) return [];
    if (network.scale === "sum") return [allMoved(network, (gradient) => gradient / network.images)];
    return network.scale === "mean" ? madeUpFor(network, run, network.images) : [];
  },
};

export const downhill: Mistake = {
  name: "gradients-downhill",
  harmless: true,
  why: "The gradients are those of the loss times -1 (y - p, not p - y), and the update adds them.",
  fix: "dz = (onehot - p) / N; w += lr * dw",
  variations: (network, run) => madeUpFor(network, run, -1),
};

export const summedDownhill: Mistake = {
  name: "summed-gradients-downhill",
  harmless: true,
  why: "The gradients are those of the summed loss times -1 (y - p, not p - y), and the update adds them, divided by N.",
  fix: "dz = onehot - p; w += lr / N * dw",
  variations: (network, run) =>
    network.images > 1 && network.scale === "mean" ? madeUpFor(network, run, -network.images) : [],
};

/** What one minus the usual decays of a running mean is, and what Nesterov's first step has. */
const MOMENTA = [0.9, 0.99, 0.95, 0.8];

export const momentum: Mistake = {
  name: "momentum-first-step",
  harmless: true,
  why: "The update is the first step of gradient descent with momentum, whose running mean has just begun.",
  fix: "v = mu * v + (1 - mu) * dw; w -= lr * v",
  variations: (network) =>
    MOMENTA.flatMap((mu) => [
      { ...allMoved(network, (gradient) => (1 - mu) * gradient), detail: `mu = ${mu}.` },
      { ...allMoved(network, (gradient) => (1 + mu) * gradient), detail: `Nesterov's, mu = ${mu}.` },
    ]),
};

/** First steps: `share` * g / (`root` * |g| + epsilon), as running means of g and of g^2 begin. */
const FIRST_STEPS: readonly (readonly [what: string, share: number, root: number])[] = [
  ["Adam", 1, 1],
  ["RMSProp, 0.9", 1, Math.sqrt(0.1)],
  ["RMSProp, 0.99", 1, Math.sqrt(0.01)],
  ["RMSProp, 0.999", 1, Math.sqrt(0.001)],
  ["Adam without the correction of its first steps", 0.1, Math.sqrt(0.001)],
];
const EPSILONS = [1e-8, 1e-7, 1e-10, 1e-6, 1e-5, 1e-4, 1e-3, 1e-12, 1e-16];

export const adaptive: Mistake = {
  name: "adam-first-step",
  harmless: true,
  why: "The update is the first step of Adam, RMSProp or Adagrad: of nearly the same length for each number.",
  fix: "w -= lr * m_hat / (np.sqrt(v_hat) + eps)",
  variations: (network, run) =>
    EPSILONS.flatMap((epsilon) =>
      FIRST_STEPS.flatMap(([what, share, root]) => {
        const detail = `${what}, epsilon = ${epsilon}.`;
        const outside = allMoved(network, (g) =>
          g === 0 ? 0 : (share * g) / (root * Math.abs(g) + epsilon),
        );
        const inside = allMoved(network, (g) =>
          g === 0 ? 0 : (share * g) / Math.sqrt((root * g) ** 2 + epsilon),
        );
        return [{ ...outside, detail }, ...decayed(network, run, outside, detail), { ...inside, detail }];
      }),
    ),
};

/** AdamW: the weights shrink besides. */
function decayed(network: CheckedNetwork, run: Run, step: Variation, detail: string): Variation[] {
  const all = parameterNames(network);
  return [all, all.filter((name) => name.endsWith(".weight"))].flatMap((names) =>
    decayedBy(run, step, detail, names),
  );
}

function decayedBy(run: Run, step: Variation, detail: string, names: readonly string[]): Variation[] {
  const rate = run.given.get("lr")?.tensor.data[0];
  if (rate === undefined || !detail.startsWith("Adam,")) return [];
  const share = fittedByLargest(
    run,
    names.map((name) => `new.${name}`),
    (name) => {
      const weight = run.given.get(name.slice("new.".length))?.tensor;
      const moved = run.with(step).expected(name)?.[0];
      return weight && moved && fitted(run, name, weight, moved);
    },
  );
  if (share === undefined || share > 0 || share < -0.5) return [];
  const shrink = together(
    ...names.map((name) =>
      at(`new.${name}`, (changed) => {
        const right = run.with(step).expected(name)?.[0] ?? changed.tensor(`new.${name}`);
        const weight = changed.tensor(name);
        return mapped(right, (value, k) => value + share * weight.data[k]);
      }),
    ),
  );
  const both = { changes: { ...step.changes, ...shrink.changes } };
  return [{ ...both, detail: `${detail} Weights decay, lambda = ${inDigits(-share / rate)}.` }];
}
