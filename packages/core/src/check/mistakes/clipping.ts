import type { CheckedNetwork } from "../network.js";
import type { Run } from "../run.js";
import { mapped } from "../value.js";
import { fittedByLargest, inDigits, isTyped } from "./fit.js";
import { at, type Mistake, parameterNames, together } from "./mistake.js";
import { scaled } from "./tools.js";

/* Gradients made smaller before the step. */

const gradientNames = (network: CheckedNetwork) => parameterNames(network).map((name) => `grad.${name}`);

/** By what all gradients of parameters are multiplied, going by the largest of them. */
function factorOf(network: CheckedNetwork, run: Run): number | undefined {
  return fittedByLargest(run, gradientNames(network), (name) => {
    const yours = run.given.get(name)?.tensor.data;
    const right = run.expected(name)?.[0]?.data;
    if (!yours || !right || yours.length !== right.length) return undefined;
    let above = 0;
    let below = 0;
    for (let k = 0; k < right.length; k++) {
      above += yours[k] * right[k];
      below += right[k] ** 2;
    }
    return below > 0 ? above / below : undefined;
  });
}

/** The length of all gradients of parameters, taken as one vector. */
function lengthOf(network: CheckedNetwork, run: Run): number | undefined {
  let sum = 0;
  for (const name of gradientNames(network)) {
    const right = run.expected(name)?.[0];
    if (!right) return undefined;
    for (const value of right.data) sum += value * value;
  }
  return Math.sqrt(sum);
}

/** Somebody's limit, but for the small number that keeps from dividing by 0. */
const isLimit = (length: number, run: Run) =>
  isTyped(length, run) || Math.abs(length / Number(length.toPrecision(2)) - 1) < 3e-6;

export const clipped: Mistake = {
  name: "gradients-clipped",
  harmless: true,
  why: "All gradients of parameters are made shorter by the same factor, so that together they are no longer than a limit.",
  fix: "scale = min(1, limit / norm); dw *= scale  # norm: of all gradients together",
  variations: (network, run) => {
    const factor = factorOf(network, run);
    const length = lengthOf(network, run);
    if (factor === undefined || length === undefined || !(factor > 0 && factor < 0.999)) return [];
    if (!isLimit(factor * length, run)) return [];
    const detail = `The limit is ${inDigits(factor * length)}.`;
    const all = gradientNames(network).map((name) => at(name, (_, right) => scaled(right(), factor)));
    return [{ ...together(...all), detail }];
  },
};

export const clippedByValue: Mistake = {
  name: "gradient-clipped-by-value",
  why: "Each number of the gradient is cut off at a limit (np.clip), which turns the gradient into another direction; one factor for all gradients would only shorten the step.",
  fix: "norm = np.sqrt(sum((g ** 2).sum() for g in gradients)); g *= min(1, limit / norm)",
  variations: (network, run) => {
    const names = gradientNames(network).filter((name) => run.given.has(name));
    const limitOf = (name: string) => {
      const yours = Float64Array.from(run.given.get(name)?.tensor.data ?? []);
      const limit = yours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const right = run.expected(name)?.[0]?.data ?? yours;
      // where all numbers are as large, it is something else
      if (yours.every((value) => Math.abs(value) === limit)) return undefined;
      return limit > 0 && right.some((value) => Math.abs(value) > 1.0001 * limit) ? limit : undefined;
    };
    const limits = names.flatMap((name) => limitOf(name) ?? []);
    return [...new Set(limits)].flatMap((limit) => {
      const cut = (name: string) =>
        at(name, (_, right) => mapped(right(), (value) => Math.min(limit, Math.max(-limit, value))));
      const detail = `The limit is ${inDigits(limit)}.`;
      return [together(...names.map(cut)), ...names.map(cut)].map((one) => ({ ...one, detail }));
    });
  },
};
