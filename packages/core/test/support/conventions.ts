import { few } from "../../../../test/support/long.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { defineModel, type ModelSpec, type NpyArray } from "../../src/index.js";
import { randomStream } from "../../src/random.js";
import { tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { sizeOf, tensor } from "../../src/tensor.js";

export type Arrays = Record<string, NpyArray>;

/**
 * The seeds of the files that are checked. The few have each convention, and arrays that are left out; those take longest of
 * which only weights and their gradients are given, so that many networks in many orders come into question (memory.test.ts).
 * `UNRAVEL_LONG=1 RIGHT_FILES=1000 npx vitest run packages/core/test/checkRight` takes more of them.
 */
export const RIGHT_SEEDS: readonly number[] = few(
  [1, 3, 7, 12, 20, 30],
  Array.from({ length: Number(process.env.RIGHT_FILES ?? 80) }, (_, seed) => seed),
);

const SPECS: ModelSpec[] = [
  {
    input: [1, 8, 8],
    layers: [
      { type: "conv2d", filters: 2, kernel: 3 },
      { type: "relu" },
      { type: "maxPool2d", size: 2 },
      { type: "flatten" },
      { type: "dense", units: 4 },
    ],
  },
  {
    input: [2, 9, 9],
    layers: [
      { type: "conv2d", filters: 3, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "maxPool2d", size: 2 },
      { type: "conv2d", filters: 2, kernel: 3 },
      { type: "relu" },
      { type: "flatten" },
      { type: "dense", units: 6 },
      { type: "relu" },
      { type: "dense", units: 6 },
    ],
  },
  {
    input: [3, 7, 7],
    layers: [
      { type: "conv2d", filters: 4, kernel: 3, stride: 2, bias: false },
      { type: "relu" },
      { type: "flatten" },
      { type: "dense", units: 5, bias: false },
    ],
  },
];

/** One right step, saved in the conventions that the seed chooses. */
export function conventionsFile(seed: number): { arrays: Arrays; about: string } {
  const random = randomStream(seed, "conventions");
  let next = 0;
  const oneOf = <T>(...choices: readonly T[]): T => choices[random.below(choices.length, next++)];
  const spec = oneOf(...SPECS);
  const model = defineModel(spec);
  const images = oneOf(1, 2, 3, 5);
  const dtype = oneOf("float64", "float32", "float16");
  const channelsLast = oneOf(true, false);
  const columns = oneOf(true, false, false);
  const denseInOut = oneOf(true, false);
  const filters = oneOf("oihw", "hwio");
  const flatten = channelsLast ? "hwc" : oneOf("chw", "hwc", "whc");
  const scale = images > 1 ? oneOf("mean", "sum", "parameters") : "mean";
  const labels = oneOf("numbers", "one-hot");
  const batchless = images === 1 && oneOf(true, false);
  const missing = oneOf("nothing", "activations", "some");

  const numbers = randomStream(seed, "numbers");
  const shape = [images, ...model.inputShape];
  const x = tensor(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, k) => numbers.normal(k)),
    "float64",
  );
  const y = Array.from({ length: images }, (_, n) => numbers.below(model.classes.length, 10_000 + n));
  const parameters = initialParameters(model, seed, "he", "float64");
  for (const name of Object.keys(parameters)) {
    if (name.endsWith("bias"))
      parameters[name].data.forEach((_, k, bias) => {
        bias[k] = numbers.normal(20_000 + k) / 4;
      });
  }
  const tensors = { ...tensorsOf(withUpdate(trace(model, parameters, x, y), 0.1)) };
  const flattenInput = model.layers.find(({ spec: { type } }) => type === "flatten")?.inputShape ?? [];
  const arrays: Arrays = {};
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === "y") continue;
    if (missing === "activations" && /\.out$|^probs$|^grad\.x$|^new\./.test(name)) continue;
    if (missing === "some" && !/^(x|lr)$|^\w+\.(weight|bias)$/.test(name) && oneOf(true, false)) continue;
    let current: Numbers = { shape, data: Float64Array.from(data) };
    if (scale !== "mean") {
      const summed = name.startsWith("grad.") && (scale === "sum" || /out$|x$/.test(name));
      if (summed || (scale === "sum" && name === "loss")) current.data = current.data.map((v) => v * images);
      if (scale === "sum" && name.startsWith("new.")) continue; // their learning rate would be another one
    }
    if (/conv\d\.weight$/.test(name) && filters === "hwio") current = permuted(current, [2, 3, 1, 0]);
    else if (shape.length === 4 && !/weight$/.test(name) && channelsLast)
      current = permuted(current, [0, 2, 3, 1]);
    else if (shape.length === 2) {
      if (/flatten1\.out$|fc1\.weight$/.test(name)) current = reordered(current, flattenInput, flatten);
      if (/weight$/.test(name) ? denseInOut : columns) current = permuted(current, [1, 0]);
    }
    const squeezed =
      batchless && /out$|^x$|grad\.x$|^probs$/.test(name)
        ? current.shape.filter((size) => size > 1)
        : current.shape;
    arrays[name] = { shape: squeezed, ...rounded(current.data, dtype) };
  }
  const K = model.classes.length;
  arrays.y =
    labels === "numbers"
      ? { shape: [images], data: Int32Array.from(y), dtype: "int64" }
      : {
          shape: [images, K],
          data: Uint8Array.from({ length: images * K }, (_, i) => (y[Math.floor(i / K)] === i % K ? 1 : 0)),
          dtype: "uint8",
        };
  const about = JSON.stringify({
    images,
    dtype,
    channelsLast,
    columns,
    denseInOut,
    filters,
    flatten,
    scale,
    labels,
    batchless,
    missing,
    input: spec.input,
  });
  return { arrays, about };
}

interface Numbers {
  shape: readonly number[];
  data: Float64Array;
}

function permuted({ shape, data }: Numbers, order: readonly number[]): Numbers {
  const result = new Float64Array(data.length);
  const sizes = order.map((d) => shape[d]);
  for (let k = 0; k < data.length; k++) {
    const index: number[] = [];
    let rest = k;
    for (const size of [...sizes].reverse()) {
      index.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    let place = 0;
    for (let d = 0; d < shape.length; d++) place = place * shape[d] + index[order.indexOf(d)];
    result[k] = data[place];
  }
  return { shape: sizes, data: result };
}

/** The second dimension, flattened from CHW, in another order of the image's dimensions. */
function reordered({ shape, data }: Numbers, image: readonly number[], order: string): Numbers {
  const dimensions = [...order].map((letter) => "chw".indexOf(letter));
  const inner = sizeOf(image);
  const result = new Float64Array(data.length);
  for (let n = 0; n < shape[0]; n++) {
    const row = { shape: image, data: data.slice(n * inner, (n + 1) * inner) };
    result.set(permuted(row, dimensions).data, n * inner);
  }
  return { shape, data: result };
}

function rounded(data: Float64Array, dtype: string): Pick<NpyArray, "data" | "dtype"> {
  if (dtype === "float64") return { data, dtype };
  if (dtype === "float32") return { data: Float32Array.from(data), dtype };
  return { data: Float32Array.from(data, half), dtype };
}

/** The nearest number of 11 significant bits. */
function half(value: number): number {
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value) || 1)));
  const step = 2 ** (exponent - 10);
  return Math.round(value / step) * step;
}
