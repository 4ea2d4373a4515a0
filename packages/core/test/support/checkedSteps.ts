import { checkArrays, defineModel, type ModelSpec, type NpyArray } from "../../src/index.js";
import { tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { dtypeOf, type NamedTensors, sizeOf, type Tensor, tensor } from "../../src/tensor.js";
import { randomParameters } from "./networks.js";
import { normals } from "./values.js";
import { withWrong } from "./wrongLayers.js";

/* Steps as people save them, for the tests of the check: right ones, and ones with something done otherwise. */

export type Arrays = Record<string, NpyArray>;

export const SMALL: ModelSpec = {
  input: [1, 8, 8],
  layers: [
    { type: "conv2d", filters: 3, kernel: 3 },
    { type: "relu" },
    { type: "maxPool2d", size: 2 },
    { type: "flatten" },
    { type: "dense", units: 4 },
  ],
};

export const TWICE: ModelSpec = {
  input: [2, 8, 8],
  layers: [
    { type: "conv2d", filters: 3, kernel: 3, padding: 1 },
    { type: "relu" },
    { type: "maxPool2d", size: 2 },
    { type: "conv2d", filters: 3, kernel: 3 },
    { type: "relu" },
    { type: "flatten" },
    { type: "dense", units: 5 },
    { type: "relu" },
    { type: "dense", units: 4 },
  ],
};

export interface StepOptions {
  readonly images?: number;
  readonly dtype?: "float32" | "float64";
  readonly rate?: number;
  /** The images' numbers; default: noise. */
  readonly pixels?: ArrayLike<number>;
  /** The layer that does something else, and what. */
  readonly wrong?: readonly [layer: string, functions: Parameters<typeof withWrong>[2]];
}

/** The arrays of one step. */
export function stepOf(spec: ModelSpec, options: StepOptions = {}): Arrays {
  const { images = 3, dtype = "float64", rate = 0.1, wrong, pixels } = options;
  const right = defineModel(spec);
  const model = wrong ? withWrong(right, ...wrong) : right;
  const as = ({ shape, data }: Tensor) => tensor(shape, data, dtype);
  const parameters = Object.fromEntries(
    Object.entries(randomParameters(model, 5)).map(([name, one]) => [name, as(one)]),
  );
  const noise = normals([images, ...model.inputShape], 3, "x");
  const x = as(pixels ? tensor(noise.shape, pixels, "float64") : noise);
  const labels = [1, 3, 0, 2].slice(0, images);
  return arraysOf(tensorsOf(withUpdate(trace(model, parameters, x, labels), rate)));
}

export const arraysOf = (tensors: NamedTensors): Arrays =>
  Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, { ...one, dtype: dtypeOf(one) }]));

/** An array with other numbers. */
export const mapArray = (
  { shape, data, dtype }: NpyArray,
  f: (value: number, k: number) => number,
): NpyArray => ({ shape, dtype, data: Float64Array.from(data, f) });

/** Arrays with some of them changed. */
export function withArrays(
  arrays: Arrays,
  names: RegExp,
  f: (value: number, k: number, name: string) => number,
): Arrays {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [
      name,
      names.test(name) ? mapArray(array, (value, k) => f(value, k, name)) : array,
    ]),
  );
}

/** The step of gradient descent, taken anew from the gradients that are given. */
export function updatedBy(
  arrays: Arrays,
  step: (gradient: number, weight: number, name: string) => number,
): Arrays {
  return withArrays(arrays, /^new\./, (_, k, name) => {
    const own = name.slice("new.".length);
    const weight = arrays[own].data[k];
    return weight - step(arrays[`grad.${own}`].data[k], weight, own);
  });
}

export const without = (arrays: Arrays, names: RegExp): Arrays =>
  Object.fromEntries(Object.entries(arrays).filter(([name]) => !names.test(name)));

export const renamed = (arrays: Arrays, name: (name: string) => string): Arrays =>
  Object.fromEntries(Object.entries(arrays).map(([own, array]) => [name(own), array]));

/** The same numbers in another shape. */
export const reshapedTo = (array: NpyArray, shape: readonly number[]): NpyArray => ({
  ...array,
  shape,
  data: array.data.slice(0, sizeOf(shape)),
});

/** What the check says, in short: whether it agrees, the first wrong array, and each mistake with its array. */
export function saysOf(arrays: Arrays) {
  const report = checkArrays(arrays);
  return {
    agrees: report.agrees,
    first: report.first,
    mistakes: report.mistakes.map(({ name, array }) => `${name}@${array}`),
  };
}

export const RIGHT = { agrees: true, first: null, mistakes: [] };
export const wrongAt = (array: string, mistake: string) => ({
  agrees: false,
  first: array,
  mistakes: [`${mistake}@${array}`],
});
