import { expect } from "vitest";

/*
 * `toEqual` looks at typed arrays key by key, which takes seconds for the hundreds of thousands of numbers of images and weights.
 * Arrays of one type and the same bytes are equal; of others Vitest says itself whether they are, and where they differ.
 */

const bytesOf = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

function haveSameBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return undefined;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return undefined;
  return bytesOf(a).equals(bytesOf(b)) || undefined;
}

// one process tests many files, each of which comes here
const known = globalThis as { knowsTypedArrays?: true };
if (!known.knowsTypedArrays) expect.addEqualityTesters([haveSameBytes]);
known.knowsTypedArrays = true;
