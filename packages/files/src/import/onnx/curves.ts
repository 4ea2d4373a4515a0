import { type AnyLayerSpec, InputError, type Tensor, tensor, textbook } from "unravel-cnn";
import type { Activation, Constant, Expression } from "./values.js";

/*
 * Functions of one number, by what they give. ONNX writes GELU and SiLU as several nodes, and each program in an order of its own.
 * So what the nodes compute is computed here, at many places, and compared with the layers' own functions.
 */

/** Where functions are compared: everywhere that they bend, and far out. */
const PLACES = Float64Array.from([
  ...Array.from({ length: 97 }, (_, k) => (k - 48) / 8),
  ...[-1000, -37.5, -18, -9, 9, 18, 37.5, 1000, 1e-4, -1e-4],
]);

/** Constants in files are rounded to float32. */
const TOLERANCE = 1e-6;

type Numbers = Float64Array;

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

/** The layers that are looked for. */
const candidates: readonly AnyLayerSpec[] = [
  { type: "silu" },
  { type: "gelu" },
  { type: "gelu", approximate: "tanh" },
  { type: "sigmoid" },
  { type: "tanh" },
  { type: "relu" },
  { type: "relu6" },
];

type Curve = (x: Tensor) => Tensor;

function curveOf(spec: AnyLayerSpec): Curve {
  const kind = textbook[spec.type] as unknown as {
    resolve(spec: AnyLayerSpec, shape: readonly number[]): unknown;
    forward(layer: unknown, inputs: readonly Tensor[], parameters: object): Tensor;
  };
  return (x) => kind.forward(kind.resolve(spec, [x.data.length]), [x], {});
}

function layerCurve(spec: AnyLayerSpec, places: Numbers): Numbers {
  return Float64Array.from(curveOf(spec)(tensor([1, places.length], places, "float64")).data);
}

/** From the exact GELU of the textbook, x (1 + erf(x / sqrt 2)) / 2. */
function erf(value: number): number {
  if (value === 0 || Number.isNaN(value)) return value;
  if (Math.abs(value) > 6) return Math.sign(value);
  const x = value * Math.SQRT2;
  return (2 * layerCurve({ type: "gelu" }, Float64Array.of(x))[0]) / x - 1;
}

let known: readonly { readonly spec: AnyLayerSpec; readonly values: Numbers }[] | undefined;

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
    known ??= candidates.map((spec) => ({ spec, values: layerCurve(spec, PLACES) }));
    const found = values && known.find((one) => isSame(values, one.values));
    if (found) return { spec: found.spec, base };
  }
  return undefined;
}

function isSame(a: Numbers, b: Numbers): boolean {
  return a.every((value, k) => Math.abs(value - b[k]) <= TOLERANCE * (1 + Math.abs(b[k])));
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
