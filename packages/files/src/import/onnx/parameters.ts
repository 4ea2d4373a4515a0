import type { Call } from "./call.js";
import { type Constant, described, type ParameterDraft } from "./values.js";

/* The file's constants as parameters of layers. */

const asIs = "as it is";

/** Names are shown in tables, whose columns are as wide as the longest. */
const LONGEST_NAME = 200;
const cut = (name: string) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name);

/** The names of several constants that made one parameter. */
export const shownNames = (names: readonly string[]): string => cut(names.join(", "));

/**
 * A constant as a layer's parameter, its numbers in their order.
 * @param how what was done to the numbers besides
 * @throws InputError that names the node if it has another number of numbers
 */
export function parameterOf(
  call: Call,
  constant: Constant,
  shape: readonly number[],
  data: ArrayLike<number> = constant.data,
  how: readonly string[] = [],
): ParameterDraft {
  const count = shape.reduce((product, size) => product * size, 1);
  if (data.length !== count) {
    throw call.refuse(`its constant of shape ${described(constant.shape)} must hold ${count} numbers`);
  }
  const steps = [...constant.how, ...how];
  return {
    shape,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
    from: cut(constant.from),
    how: steps.length > 0 ? steps.join(", ") : asIs,
  };
}
