import type { Tensor } from "../tensor.js";
import type { LayerSteps } from "./layerSteps.js";
import type { NetworkLayer } from "./network.js";
import { MissingArray, type Run } from "./run.js";
import { mapped, NONE, shareOf, type Value } from "./value.js";

/*
 * Which numbers a dropout has dropped was drawn by chance, so it is read from what the person saved: a number that came in as
 * something and went out as 0 was dropped. Of a number that came in as 0 nobody can tell; there the gradient says it.
 */

export interface Mask {
  /** For each number: 1 kept, 0 dropped; NaN where that can't be told. */
  readonly kept: Float64Array;
  /** What the kept numbers were multiplied by. */
  readonly factor: number;
  /** What they should have been multiplied by, so that their mean stays: 1 / (1 - rate). */
  readonly rightFactor: number;
}

/** @throws MissingArray if the output, or what goes in, is not given */
export function maskOf({ inputs, output }: NetworkLayer, run: Run): Mask {
  const x = run.tensor(inputs[0]).data;
  const y = run.given.get(output)?.tensor.data;
  if (!y) throw new MissingArray(output);
  const kept = Float64Array.from(x, (value, k) => (value === 0 ? NaN : y[k] === 0 ? 0 : 1));
  const ratios = Array.from(y, (value, k) => value / x[k]).filter((_, k) => kept[k] === 1);
  const factor = ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? 1;
  const dropped = kept.filter((value) => value === 0).length;
  const told = ratios.length + dropped;
  const share = told === 0 ? 1 : ratios.length / told;
  return { kept, factor, rightFactor: rightFactor(factor, share, told) };
}

/** The person's own factor if so many numbers are kept as it says, give or take what chance does; else what their share says. */
function rightFactor(factor: number, share: number, told: number): number {
  if (share === 1 && Math.abs(factor - 1) < 1e-3) return 1; // evaluation
  const rate = 1 - 1 / factor;
  const chance = 6 * Math.sqrt(Math.max(0, (rate * (1 - rate)) / told)) + 1 / told;
  if (rate <= 0 || Math.abs(share - (1 - rate)) > chance) return 1 / share;
  const typed = Number(rate.toPrecision(3));
  return Math.abs(typed - rate) < 1e-4 ? 1 / (1 - typed) : factor;
}

function times(value: Value, factors: (k: number) => number, run: Run): Value {
  const data = mapped(value, (number, k) => (factors(k) === 0 ? 0 : number * factors(k)));
  if (run.rough) return { ...data, variance: NONE };
  const rounding = 4 * shareOf(run.working.unit);
  const variance = mapped(data, (number, k) => factors(k) ** 2 * value.variance[k] + rounding * number ** 2);
  return { ...data, variance: variance.data };
}

export const dropoutSteps: Partial<LayerSteps> = {
  looksAtFile: true,

  output(layer, run) {
    const { kept, rightFactor } = maskOf(layer, run);
    return times(run.get(layer.inputs[0]), (k) => (kept[k] === 0 ? 0 : rightFactor), run);
  },

  inputGradient(layer, run, name) {
    const { kept, rightFactor } = maskOf(layer, run);
    const yours: Tensor | undefined = run.given.get(name)?.tensor;
    return times(
      run.get(`grad.${layer.output}`),
      (k) => (kept[k] === 0 || (Number.isNaN(kept[k]) && yours?.data[k] === 0) ? 0 : rightFactor),
      run,
    );
  },
};
