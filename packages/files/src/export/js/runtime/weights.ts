import type { Facts, ModelFacts } from "./facts.js";

/*
 * How weights are kept: all first bytes of the numbers, then all second bytes, and so on, which can be compressed further than
 * the numbers as they are. First the float32 numbers, then those that are kept in less.
 */

/** How many bytes a number has that is kept otherwise than as float32. */
export const BYTES = { f32: 0, f16: 2, int8: 1 } as const;

/**
 * Writes the weights into the program's memory.
 * @param planes their first bytes, second bytes, ...: four of the float32 numbers, then those of the others
 */
export function unpackWeights(
  { tensors, model: { weights } }: Facts,
  planes: readonly Uint8Array[],
  memory: ArrayBuffer,
): void {
  const floats = new Float32Array(gathered(planes.slice(0, 4)).buffer);
  const values = gathered(planes.slice(4));
  let [nextFloat, nextValue] = [0, 0];
  for (const [offset, length, rows] of tensors) {
    const target = new Float32Array(memory, offset, length);
    if (rows === 0) {
      target.set(floats.subarray(nextFloat, nextFloat + length));
      nextFloat += length;
      continue;
    }
    const scales = floats.subarray(nextFloat, nextFloat + scalesOf(weights, rows));
    nextFloat += scales.length;
    for (let k = 0, row = 0; row < rows; row++) {
      const scale = scales[row];
      for (const end = ((row + 1) * length) / rows; k < end; k++) {
        const value = values[nextValue++];
        target[k] = weights === "f16" ? fromHalf(value) : fromByte(value, scale);
      }
    }
  }
}

/** How many scales stand before the weights. */
export const scalesOf = (weights: ModelFacts["weights"], rows: number) => (weights === "int8" ? rows : 0);

/** Up to four planes as numbers, in one pass: this runs once and cold. */
function gathered([first, second, third, fourth]: readonly Uint8Array[]): Uint32Array {
  const none = new Uint8Array();
  const [a, b, c, d] = [first ?? none, second ?? none, third ?? none, fourth ?? none];
  const numbers = new Uint32Array(a.length);
  for (let k = 0; k < a.length; k++) numbers[k] = a[k] | (b[k] << 8) | (c[k] << 16) | (d[k] << 24);
  return numbers;
}

/** The whole number -127 to 127 of a byte, times the scale of its row, as float32. */
export const fromByte = (byte: number, scale: number) => Math.fround(((byte << 24) >> 24) * scale);

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** 2^112: how much further a float32's exponents go. */
const REACH = 5.192296858534828e33;

/** The number that a float16 has, from its bits. Its own exponents are the lowest of a float32's, also where there is none. */
export function fromHalf(half: number): number {
  word[0] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
  return float[0] * REACH;
}
