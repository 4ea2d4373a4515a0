import { expect, test } from "vitest";
import { pack, unpack } from "../../src/engine/wasm/packed.js";

const memory = new WebAssembly.Memory({ initial: 1 });
const numbers = Float64Array.from({ length: 9 }, (_, k) => k / 3);
const message = {
  type: "call",
  work: { images: new Uint8Array([0, 1, 2, 3]).subarray(1, 3), rows: [numbers, numbers.subarray(4)], memory },
  order: Uint32Array.of(7, 2 ** 32 - 1),
  control: new Int32Array(new SharedArrayBuffer(8)),
  nothing: undefined,
  none: null,
};

/** Every property that one comes to by following them all, as Deno does to whatever a worker is sent. */
function visited(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const key in value) count += visited((value as Record<string, unknown>)[key]);
  return count;
}

test("what was packed is the same when it is unpacked, on the other side too", () => {
  expect(unpack(pack(message))).toEqual(message);
  const { memory: _, ...work } = message.work;
  const sendable = { ...message, work };
  expect(unpack(structuredClone(pack(sendable)))).toEqual(sendable);
});

test("arrays share their memory with those that were packed, and modules and memories stay what they are", () => {
  const { work, control } = unpack(pack(message));
  expect(work.memory).toBe(memory);
  expect(control.buffer).toBe(message.control.buffer);
  expect(work.images.byteOffset).toBe(1);
});

test("whoever looks through a packed message doesn't come to the elements of its arrays", () => {
  const large = { job: { images: new Uint8Array(1e5), rates: new Float64Array(1e4) } };
  expect(visited(large)).toBeGreaterThan(1e5);
  expect(visited(pack(large))).toBeLessThan(20);
});
