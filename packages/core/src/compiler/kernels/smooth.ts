import {
  add,
  binary,
  constant,
  div,
  type Expression,
  integer,
  type LoopNestBuilder,
  madd,
  mul,
  pmax,
  select,
  sub,
  type Variable,
} from "../../ir/ir.js";
import { GELU_CUBE, GELU_WIDTH } from "../../layers/gelu.js";
import { exponential, exponentialParts } from "./exponential.js";

/*
 * Smooth functions of each number: values and slopes, as expressions. Whatever comes in, no exponential overflows: each is
 * one of a number below 0. Far out they give exactly 0, 1 or x, and slopes of exactly 0 or 1.
 */

const ONE = constant(1);
const sizeOf = (x: Expression) => binary("and", x, integer(0x7fffffff));
/** x, as if it had been below 0. */
export const belowZero = (x: Expression) => sub(constant(0), sizeOf(x));
const isPositive = (x: Expression) => binary("gt", x, constant(0));

/** 1 / (1 + e^-z), and how much it moves where z does. */
interface Logistic {
  readonly value: Expression;
  readonly slope: Expression;
}

/** @param minusSize -|z| for a `z` that is positive where `positive` says so */
function logisticOf(b: LoopNestBuilder, positive: Expression, minusSize: Expression): Logistic {
  const e = b.variable(exponential(b, b.variable(minusSize)));
  const share = b.variable(div(ONE, add(ONE, e)));
  const small = mul(e, share);
  return {
    value: select(positive, share, small),
    slope: mul(small, share),
  };
}

const logistic = (b: LoopNestBuilder, x: Variable) => logisticOf(b, isPositive(x), belowZero(x));

export function sigmoid(b: LoopNestBuilder, x: Variable): Expression {
  return logistic(b, x).value;
}

/** From what the function gave. */
export const sigmoidSlope = (y: Expression) => mul(y, sub(ONE, y));

/** tanh |x| = (1 - e) / (1 + e) with e = e^-2|x|, where 1 - e is as exact for small x as for large. */
export function tanh(b: LoopNestBuilder, x: Variable): Expression {
  const { power, less } = exponentialParts(b, b.variable(mul(belowZero(x), constant(2))));
  const two = b.variable(power);
  // 1 - power * (1 + less)
  const difference = b.variable(sub(sub(ONE, two), mul(two, less)));
  const size = div(difference, sub(constant(2), difference));
  return binary("xor", size, binary("and", x, integer(-0x80000000)));
}

/** From what the function gave. */
export const tanhSlope = (y: Expression) => sub(ONE, mul(y, y));

export function silu(b: LoopNestBuilder, x: Variable): Expression {
  return mul(x, logistic(b, x).value);
}

export function siluSlope(b: LoopNestBuilder, x: Variable): Expression {
  const { value, slope } = logistic(b, x);
  return madd(x, slope, value);
}

/** Beyond this all of GELU's forms have arrived, and cubes are still numbers. */
const GELU_END = 16;

/** -|x|, but not below -16, and its square. */
function shortOf(b: LoopNestBuilder, x: Variable) {
  const short = b.variable(pmax(belowZero(x), constant(-GELU_END)));
  return { short, square: b.variable(mul(short, short)) };
}

/** The exact form: what x is multiplied with, and the bell e^(-x^2/2). */
function normal(b: LoopNestBuilder, x: Variable) {
  const { short, square } = shortOf(b, x);
  const bell = b.variable(exponential(b, b.variable(mul(square, constant(-0.5)))));
  // The probability of a number below -|x| is bell * t * series(2t - 1), t = 1 / (1 + scale |x|): see erfc in math.ts.
  const t = b.variable(div(ONE, sub(ONE, mul(short, constant(TAIL_SCALE / Math.SQRT2)))));
  const s = b.variable(madd(t, constant(2), constant(-1)));
  let series: Expression = constant(TAIL_SERIES[TAIL_SERIES.length - 1]);
  for (let n = TAIL_SERIES.length - 2; n >= 0; n--) series = madd(series, s, constant(TAIL_SERIES[n]));
  const tail = b.variable(mul(mul(series, t), bell));
  return { probability: select(isPositive(x), sub(ONE, tail), tail), bell };
}

const TAIL_SCALE = 0.4;
/** Of erfc(z) e^(z^2) / 2t with t = 1 / (1 + 0.4 z), in powers of 2t - 1: Chebyshev's series, to 3e-9. */
const TAIL_SERIES = [
  0.210806363, 0.160930386, 0.0907829052, 0.0342498975, 0.00567133524, -0.00167662637, -0.000959472233,
  8.2784997e-5, 0.000131858162, -5.40142596e-6, -1.40320258e-5,
];

export function gelu(b: LoopNestBuilder, x: Variable): Expression {
  return mul(x, normal(b, x).probability);
}

export function geluSlope(b: LoopNestBuilder, x: Variable): Expression {
  const { probability, bell } = normal(b, x);
  return madd(mul(x, bell), constant(1 / Math.sqrt(2 * Math.PI)), probability);
}

/** The form with tanh: what x is multiplied with, and its slope. */
function tanhForm(b: LoopNestBuilder, x: Variable) {
  const { short, square } = shortOf(b, x);
  const argument = mul(short, madd(square, constant(GELU_WIDTH * GELU_CUBE), constant(GELU_WIDTH)));
  const { value, slope } = logisticOf(b, isPositive(x), argument);
  const inner = madd(square, constant(3 * GELU_WIDTH * GELU_CUBE), constant(GELU_WIDTH));
  return { probability: value, density: mul(slope, inner) };
}

export function geluTanh(b: LoopNestBuilder, x: Variable): Expression {
  return mul(x, tanhForm(b, x).probability);
}

export function geluTanhSlope(b: LoopNestBuilder, x: Variable): Expression {
  const { probability, density } = tanhForm(b, x);
  return madd(x, density, probability);
}
