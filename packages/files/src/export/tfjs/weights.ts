import type { WeightKind } from "../format.js";
import type { NamedTensor } from "./topology.js";

/* How weights lie in the file beside model.json, and what the manifest tells of them. */

/** The bytes of one weight, and what its entry says besides name and shape. */
type Encoder = (values: ArrayLike<number>) => { bytes: Uint8Array; quantization?: object };

const encoders: { readonly [Kind in WeightKind]: Encoder } = {
  f32: (values) => {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    for (let k = 0; k < values.length; k++) view.setFloat32(4 * k, values[k], true);
    return { bytes: new Uint8Array(view.buffer) };
  },
  f16: (values) => {
    const view = new DataView(new ArrayBuffer(2 * values.length));
    for (let k = 0; k < values.length; k++) view.setUint16(2 * k, nearestHalf(values[k]), true);
    return {
      bytes: new Uint8Array(view.buffer),
      quantization: { dtype: "float16", original_dtype: "float32" },
    };
  },
  /** From the smallest to the largest of a weight's numbers in 255 steps. */
  int8: (values) => {
    let [min, max] = [Infinity, -Infinity];
    for (let k = 0; k < values.length; k++) [min, max] = [Math.min(min, values[k]), Math.max(max, values[k])];
    const scale = (max - min) / 255 || 1;
    const bytes = Uint8Array.from({ length: values.length }, (_, k) => Math.round((values[k] - min) / scale));
    return { bytes, quantization: { dtype: "uint8", min, scale, original_dtype: "float32" } };
  },
};

/** The 16 bits of the float16 nearest to a number, among two the even one; what is larger than any becomes the largest. */
export function nearestHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65504) return sign | 0x7bff;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || Number.MIN_VALUE)));
  const steps = size / 2 ** (exponent - 10);
  const below = Math.floor(steps);
  const rest = steps - below;
  const fraction = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  // a fraction of 2048 carries into the exponent by itself; below 1024 the number is subnormal
  const bits = fraction < 1024 ? fraction : ((exponent + 14) << 10) + fraction;
  return sign | bits;
}

/** The weights' bytes one after the other, and their entries in the manifest. */
export function formatWeights(
  weights: readonly NamedTensor[],
  kind: WeightKind,
): { bytes: Uint8Array; entries: object[] } {
  const encoded = weights.map(({ name, tensor }) => ({
    name,
    shape: tensor.shape,
    ...encoders[kind](tensor.data),
  }));
  const bytes = new Uint8Array(encoded.reduce((sum, one) => sum + one.bytes.length, 0));
  let at = 0;
  for (const one of encoded) {
    bytes.set(one.bytes, at);
    at += one.bytes.length;
  }
  const entries = encoded.map(({ name, shape, quantization }) => ({
    name,
    shape,
    dtype: "float32",
    ...(quantization && { quantization }),
  }));
  return { bytes, entries };
}
