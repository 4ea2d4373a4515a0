import {
  binary,
  constant,
  type Expression,
  integer,
  type LoopNestBuilder,
  madd,
  mul,
  pmax,
  shift,
  unary,
} from "../../ir/ir.js";

/*
 * e^x for x <= 0, to 2 units in the last place: x = k ln 2 + r with |r| <= ln(2)/2, and e^r by its Taylor series up to
 * r^7/7!. Below -69 (e^-69 is 1e-30) the result is 0, which is as good beside a number like 1: the products that gradients
 * are made of would be denormal numbers, with which many processors compute a hundred times as slowly.
 */

/** e^x */
export function exponential(b: LoopNestBuilder, x: Expression): Expression {
  const { power, less } = exponentialParts(b, x);
  return binary(
    "andnot",
    mul(madd(less, constant(1), constant(1)), power),
    binary("gt", constant(LOWEST), x),
  );
}

/** e^x = power * (1 + less), where `power` is one of two, and `less` as exact for small x as a number can be. */
export function exponentialParts(b: LoopNestBuilder, x: Expression): { power: Expression; less: Expression } {
  const bounded = b.variable(pmax(x, constant(LOWEST)));
  const k = b.variable(unary("nearest", mul(bounded, constant(1 / Math.LN2))));
  const r = b.variable(madd(k, constant(-LN2_LOW), madd(k, constant(-LN2_HIGH), bounded)));
  let series: Expression = constant(1);
  for (let n = 7; n >= 2; n--) series = madd(mul(series, r), constant(Math.fround(1 / n)), constant(1));
  const power = shift("left", 23, binary("addInteger", unary("toInteger", k), integer(127)));
  return { power, less: mul(series, r) };
}

const LOWEST = -69;

// ln 2 in two parts, the first with 9 bits, so that its product with k is exact
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
