import fc from "fast-check";
import { expect, test } from "vitest";
import { emitKernel } from "../../src/ir/emit.js";
import { interpret } from "../../src/ir/interpret.js";
import {
  at,
  type Buffer,
  binary,
  type Expression,
  integer,
  type LoopNest,
  load,
  loopNest,
  shift,
} from "../../src/ir/ir.js";
import { multiplyAddsIn } from "../../src/ir/multiplyAdds.js";
import { printLoopNest } from "../../src/ir/print.js";
import { assembleModule } from "../../src/wasm/assembler.js";
import { cases } from "../support/properties.js";

/* Whole numbers of 32 bits, as hashes need them: the interpreter and WebAssembly leave what JavaScript computes. */

const given: Buffer = { name: "given", region: "shared", offset: 0, size: 4 };
const made: Buffer = { name: "made", region: "shared", offset: 64, size: 4 };

const kernel = (expression: (x: Expression) => Expression): LoopNest =>
  loopNest("mix", (b) => b.store(at(made, 0), expression(load(at(given, 0)))));

function results(nest: LoopNest, words: readonly number[]): number[][] {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const bytes = assembleModule({ pages: 1, maximum: 65536, shared: false }, [
    emitKernel(nest, { relaxed: false }),
  ]);
  const interpreted = new ArrayBuffer(65536);
  for (const buffer of [memory.buffer, interpreted]) new Int32Array(buffer).set(words);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  (exports.mix as (...values: number[]) => void)(0, 0, 0, 0);
  interpret(nest, interpreted, { workspace: 0, slot: 0, count: 0, block: 0 });
  return [memory.buffer, interpreted].map((buffer) => Array.from(new Int32Array(buffer, 64, 4)));
}

const words = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 4, maxLength: 4 });
const amounts = fc.integer({ min: 1, max: 31 });

test.each<[string, (by: number) => (x: Expression) => Expression, (x: number, by: number) => number]>([
  ["shift to the left", (by) => (x) => shift("left", by, x), (x, by) => x << by],
  ["shift to the right, zeros come in", (by) => (x) => shift("right", by, x), (x, by) => (x >>> by) | 0],
  [
    "exclusive or",
    (by) => (x) => binary("xor", x, integer(by * 0x9e3779b9)),
    (x, by) => x ^ (by * 0x9e3779b9),
  ],
  [
    "product",
    (by) => (x) => binary("mulInteger", x, integer(by * 0x9e37)),
    (x, by) => Math.imul(x, by * 0x9e37),
  ],
  [
    "sum",
    (by) => (x) => binary("addInteger", x, integer(0x7fa00000 + by)),
    (x, by) => (x + 0x7fa00000 + by) | 0,
  ],
])("%s", (_, expression, right) => {
  fc.assert(
    fc.property(words, amounts, (x, by) => {
      const expected = x.map((word) => right(word, by));
      expect(results(kernel(expression(by)), x)).toEqual([expected, expected]);
    }),
    cases(40),
  );
});

test("a hash of several steps is printed as it is computed, and multiplies nothing that is counted", () => {
  const nest = kernel((x) => {
    const mixed = binary("mulInteger", binary("xor", x, shift("right", 16, x)), integer(0x45d9f3b));
    return binary("xor", mixed, shift("left", 7, mixed));
  });
  const hash = (x: number) => {
    const mixed = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    return mixed ^ (mixed << 7);
  };
  const x = [0, 1, -1, 0x7fa00001]; // the last one's bits are those of no number
  expect(results(nest, x)).toEqual([x.map(hash), x.map(hash)]);
  expect(printLoopNest(nest)).toContain("(v given[0] xor (v given[0] >>> 16))");
  expect(multiplyAddsIn(nest.body)).toBe(0);
});
