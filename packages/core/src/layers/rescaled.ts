import { copyOf, type NamedTensors, type Tensor } from "../tensor.js";

/** For each channel a factor and what is added: y = factor * x + shift. */
export interface Affine {
  readonly factor: Float64Array;
  readonly shift: Float64Array;
}

/** The weights `[out, ...]` and the bias `[out]` of sums whose results are then changed like that, channel by channel. */
export function rescaled({ weight, bias }: NamedTensors, { factor, shift }: Affine): NamedTensors {
  const own = copyOf(weight);
  const size = own.data.length / factor.length;
  for (let k = 0; k < own.data.length; k++) own.data[k] *= factor[Math.floor(k / size)];
  const shifts: Tensor = { shape: [factor.length], data: own.data.slice(0, factor.length) };
  for (let o = 0; o < factor.length; o++) shifts.data[o] = (bias ? factor[o] * bias.data[o] : 0) + shift[o];
  return { weight: own, bias: shifts };
}
