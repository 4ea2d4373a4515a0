import { randomStream } from "../../src/random.js";
import { type Shape, sizeOf, type Tensor, tensor } from "../../src/tensor.js";

/** Normally distributed values in float64. */
export function normals(shape: Shape, seed: number, name: string): Tensor {
  const random = randomStream(seed, name);
  const values = Array.from({ length: sizeOf(shape) }, (_, k) => random.normal(k));
  return tensor(shape, values, "float64");
}

/**
 * Values in random order that keep away from 0 and from each other: the odd multiples of 1/16 around 0. So a step of
 * less than 1/16 changes no sign and no order.
 */
export function apart(shape: Shape, seed: number, name: string): Tensor {
  const size = sizeOf(shape);
  const random = randomStream(seed, name);
  const places = Array.from({ length: size }, (_, k) => ({ key: random.uniform(k), k }));
  places.sort((a, b) => a.key - b.key);
  const values = places.map(({ k }) => (2 * (k - Math.floor(size / 2)) + 1) / 16);
  return tensor(shape, values, "float64");
}
