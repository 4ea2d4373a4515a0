import type { BinaryOperation, UnaryOperation } from "./ir.js";

/* The vectors that the interpreter computes with. */

/** Four float32 numbers, which can also be seen as their bits. */
export class Vector {
  numbers = new Float32Array(4);
  bits = new Int32Array(this.numbers.buffer);

  /** Copies bits, because a number that is really a mask would not survive as a number. */
  set({ bits }: Vector): void {
    this.bits.set(bits);
  }

  /** Is another one from now on. */
  become({ numbers, bits }: Vector): void {
    this.numbers = numbers;
    this.bits = bits;
  }
}

export type Run = () => void;
export type Value = () => Vector;

/*
 * Storing into a Float32Array rounds: for +, -, *, / and the square root of float32 numbers, rounding the float64 result
 * gives the same number as computing in float32 does.
 */

const BINARY: Record<BinaryOperation, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  pmax: (a, b) => (a < b ? b : a),
  // all bits set where it holds
  eq: (a, b) => (a === b ? -1 : 0),
  gt: (a, b) => (a > b ? -1 : 0),
  // on bits
  and: (a, b) => a & b,
  andnot: (a, b) => a & ~b,
  xor: (a, b) => a ^ b,
  addInteger: (a, b) => (a + b) | 0,
  mulInteger: Math.imul,
  eqInteger: (a, b) => (a === b ? -1 : 0),
};

const ON_BITS: readonly BinaryOperation[] = ["and", "andnot", "xor", "addInteger", "mulInteger", "eqInteger"];
const TO_BITS: readonly BinaryOperation[] = ["eq", "gt", ...ON_BITS];

export function binaryRun(
  operation: BinaryOperation,
  a: Value,
  b: Value,
  numbers: Float32Array,
  bits: Int32Array,
): Run {
  const compute = BINARY[operation];
  const result = TO_BITS.includes(operation) ? bits : numbers;
  const operand = ON_BITS.includes(operation) ? "bits" : "numbers";
  return () => {
    const x = a()[operand];
    const y = b()[operand];
    for (let lane = 0; lane < 4; lane++) result[lane] = compute(x[lane], y[lane]);
  };
}

export function unaryRun(operation: UnaryOperation, a: Value, numbers: Float32Array, bits: Int32Array): Run {
  const eachLane =
    (compute: (a: Vector, lane: number) => number, result: Float32Array | Int32Array) => () => {
      const vector = a();
      for (let lane = 0; lane < 4; lane++) result[lane] = compute(vector, lane);
    };
  switch (operation) {
    case "sqrt":
      return eachLane(({ numbers }, lane) => Math.sqrt(numbers[lane]), numbers);
    case "nearest":
      return eachLane(({ numbers }, lane) => nearest(numbers[lane]), numbers);
    case "toInteger":
      return eachLane(({ numbers }, lane) => toInteger(numbers[lane]), bits);
    case "sumLanes":
      return () => {
        const [p, q, r, s] = a().numbers;
        numbers.fill(Math.fround(p + r) + Math.fround(q + s));
      };
  }
}

/** The nearest whole number; of two, the even one. */
function nearest(x: number): number {
  const below = Math.floor(x);
  const distance = x - below;
  const down = distance === 0.5 ? below % 2 === 0 : distance < 0.5;
  const rounded = down ? below : below + 1;
  return rounded === 0 ? 0 * x : rounded; // keeps the sign of zero
}

function toInteger(x: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x)));
}
