import { type AnyLayerSpec, InputError } from "unravel-cnn";
import { layerCurve, layerOfCurve, type Numbers, PLACES } from "../curves.js";
import type { Activation, Constant, Expression } from "./values.js";

/*
 * Functions of one number, by what they give. ONNX writes GELU and SiLU as several nodes, and each program in an order of its own.
 * So what the nodes compute is computed at many places, and compared with the layers' own functions (../curves.ts).
 */

/** Operators that make each number from the numbers at its place. The option is a constant of the node. */
export const curveOperators: Readonly<Record<string, (args: readonly Numbers[], option: number) => Numbers>> =
  {
    Add: ([a, b]) => a.map((value, k) => value + b[k]),
    Sub: ([a, b]) => a.map((value, k) => value - b[k]),
    Mul: ([a, b]) => a.map((value, k) => value * b[k]),
    Div: ([a, b]) => a.map((value, k) => value / b[k]),
    Pow: ([a, b]) => a.map((value, k) => value ** b[k]),
    Sum: (all) => all[0].map((_, k) => all.reduce((sum, one) => sum + one[k], 0)),
    Neg: ([a]) => a.map((value) => -value),
    Exp: ([a]) => a.map(Math.exp),
    Reciprocal: ([a]) => a.map((value) => 1 / value),
    Erf: ([a]) => a.map(erf),
    Max: (all) => all[0].map((_, k) => Math.max(...all.map((one) => one[k]))),
    Min: (all) => all[0].map((_, k) => Math.min(...all.map((one) => one[k]))),
    Clip: ([a, low, high]) => a.map((value, k) => Math.min(high[k], Math.max(low[k], value))),
    Relu: ([a]) => layerCurve({ type: "relu" }, a),
    LeakyRelu: ([a], slope) => layerCurve({ type: "leakyRelu", slope }, a),
    Sigmoid: ([a]) => layerCurve({ type: "sigmoid" }, a),
    Swish: ([a], alpha) => a.map((value) => value / (1 + Math.exp(-alpha * value))),
    Tanh: ([a]) => layerCurve({ type: "tanh" }, a),
    Gelu: ([a], tanhForm) => layerCurve({ type: "gelu", approximate: tanhForm ? "tanh" : "none" }, a),
  };

/** The layers that a node alone is. */
export const directLayers: Readonly<Record<string, (option: number) => AnyLayerSpec>> = {
  Relu: () => ({ type: "relu" }),
  LeakyRelu: (slope) => ({ type: "leakyRelu", ...(slope !== 0.01 && { slope }) }),
  Sigmoid: () => ({ type: "sigmoid" }),
  Tanh: () => ({ type: "tanh" }),
  Gelu: (tanhForm) => ({ type: "gelu", ...(tanhForm && { approximate: "tanh" }) }),
};

/** From the exact GELU of the textbook, x (1 + erf(x / sqrt 2)) / 2. */
function erf(value: number): number {
  if (value === 0 || Number.isNaN(value)) return value;
  if (Math.abs(value) > 6) return Math.sign(value);
  const x = value * Math.SQRT2;
  return (2 * layerCurve({ type: "gelu" }, Float64Array.of(x))[0]) / x - 1;
}

/** More nodes than any such function has. */
const MOST_NODES = 24;

/**
 * The layer that makes a tensor out of one before it, and that tensor: the nearest for which there is a layer.
 * @returns undefined if there is none
 */
export function matchCurve(
  value: Expression,
): { readonly spec: AnyLayerSpec; readonly base: Activation | Expression } | undefined {
  for (const base of basesOf(value)) {
    const values = evaluate(value, base);
    const spec = values && layerOfCurve(values);
    if (spec) return { spec, base };
  }
  return undefined;
}

/** The tensors of which the value is a function, each of one alone, the nearest first. */
function basesOf(value: Expression): (Activation | Expression)[] {
  const bases: (Activation | Expression)[] = [];
  let open = new Set<Activation | Expression>([value]);
  for (let taken = 0; taken < MOST_NODES; taken++) {
    const last = [...open].reduce<Expression | undefined>(
      (latest, one) => (one.kind === "expression" && (!latest || one.order > latest.order) ? one : latest),
      undefined,
    );
    if (last === undefined) break;
    open = new Set(open);
    open.delete(last);
    for (const arg of last.args) if (arg.kind !== "constant") open.add(arg);
    if (open.size === 1) bases.push(...open);
  }
  return bases;
}

/** What the value is where `base` is each of the places; undefined if other than single constants are in it. */
function evaluate(value: Expression, base: Activation | Expression): Numbers | undefined {
  const values = new Map<unknown, Numbers | undefined>([[base, PLACES]]);
  const numbersOf = (one: Activation | Expression | Constant): Numbers | undefined => {
    if (values.has(one)) return values.get(one);
    if (one.kind === "activation") return undefined;
    if (one.kind === "constant") {
      return one.data.length === 1 ? PLACES.map(() => one.data[0]) : undefined;
    }
    values.set(one, undefined);
    const args = one.args.map(numbersOf);
    if (args.some((arg) => arg === undefined)) return undefined;
    try {
      const result = curveOperators[one.operator](args as Numbers[], one.option);
      values.set(one, result);
      return result;
    } catch (error) {
      if (error instanceof InputError) return undefined; // a slope that no layer has
      throw error;
    }
  };
  return numbersOf(value);
}
