import { type AnyLayerSpec, type Tensor, tensor, textbook } from "unravel-cnn";

/*
 * Functions of one number, by what they give: what a file computes in several steps is computed here, at many places, and compared
 * with the layers' own functions.
 */

/** Where functions are compared: everywhere that they bend, and far out. */
export const PLACES = Float64Array.from([
  ...Array.from({ length: 97 }, (_, k) => (k - 48) / 8),
  ...[-1000, -37.5, -18, -9, 9, 18, 37.5, 1000, 1e-4, -1e-4],
]);

/** Constants in files are rounded to float32. */
const TOLERANCE = 1e-6;

export type Numbers = Float64Array;

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

/** What a layer makes of numbers. */
export function layerCurve(spec: AnyLayerSpec, places: Numbers): Numbers {
  return Float64Array.from(curveOf(spec)(tensor([1, places.length], places, "float64")).data);
}

let known: readonly { readonly spec: AnyLayerSpec; readonly values: Numbers }[] | undefined;

/** The layer that makes these numbers of `PLACES`; undefined if none does. */
export function layerOfCurve(values: Numbers): AnyLayerSpec | undefined {
  known ??= candidates.map((spec) => ({ spec, values: layerCurve(spec, PLACES) }));
  return known.find((one) => isSame(values, one.values))?.spec;
}

function isSame(a: Numbers, b: Numbers): boolean {
  return a.every((value, k) => Math.abs(value - b[k]) <= TOLERANCE * (1 + Math.abs(b[k])));
}
