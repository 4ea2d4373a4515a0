import type { Tensor } from "../../tensor.js";
import type { Run } from "../run.js";

/* Numbers that people choose and don't save, found from what they did. */

/** How often `direction` has to be added to what is right, so that it comes nearest to what is given. */
export function fitted(run: Run, name: string, direction: Tensor, right = run.expected(name)?.[0]) {
  const yours = run.given.get(name)?.tensor;
  if (!yours || !right || yours.data.length !== direction.data.length) return undefined;
  let above = 0;
  let below = 0;
  for (let k = 0; k < direction.data.length; k++) {
    above += (yours.data[k] - right.data[k]) * direction.data[k];
    below += direction.data[k] ** 2;
  }
  const factor = above / below;
  return Number.isFinite(factor) && factor !== 0 ? factor : undefined;
}

/** Of several arrays, what the largest of them says: it has most to go by. Arrays of less than three numbers prove nothing. */
export function fittedByLargest<T>(
  run: Run,
  names: readonly string[],
  fit: (name: string) => T | undefined,
): T | undefined {
  const sizes = names.flatMap((name) => {
    const size = run.given.get(name)?.tensor.data.length ?? 0;
    return size > 2 ? [{ name, size }] : [];
  });
  for (const { name } of sizes.sort((a, b) => b.size - a.size)) {
    const found = fit(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether somebody may have typed this number: it has two digits, but for rounding. */
export function isTyped(value: number, run: Run): boolean {
  const tolerance = run.working.unit > 1e-10 ? 2e-5 : 1e-7;
  return value !== 0 && Math.abs(value / Number(value.toPrecision(2)) - 1) < tolerance;
}

export const inDigits = (value: number): string => String(Number(value.toPrecision(4)));

/** The number that all of these are, if they are all the same but for rounding. */
export function fittedNumber(values: Float64Array): number | undefined {
  const [first] = values;
  return values.every((value) => Math.abs(value - first) <= 1e-6 * Math.abs(first)) ? first : undefined;
}
