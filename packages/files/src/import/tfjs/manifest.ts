import { half, InputError, type Shape, type Tensor } from "unravel-cnn";
import { isObject, member, told } from "../keras/json.js";
import type { ReadWeights } from "../keras/weights.js";

/*
 * Weights of TensorFlow.js: binary files, which are one file cut into shards, and a manifest that tells the weights in them, one
 * after the other. Numbers may be float16, or whole numbers from 0 to 255 or 65,535 that a scale and an offset make numbers of.
 */

/** How many bytes a value of each type takes. */
const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
  complex64: 8,
};

/** The most files that a network may be spread over. */
const MOST_FILES = 10_000;

/**
 * @param manifest of a model.json
 * @param beside reads a file by its name, without folders
 * @param fail is called with what is wrong, as a part of a sentence; it must throw
 */
export async function readManifest(
  manifest: unknown,
  beside: (name: string) => Promise<Uint8Array>,
  fail: (problem: string) => never,
): Promise<ReadWeights> {
  if (!Array.isArray(manifest)) return fail("it has no weightsManifest");
  const found = new Map<string, () => Tensor>();
  let files = 0;
  for (const group of manifest) {
    const [paths, weights] = [member(group, "paths"), member(group, "weights")];
    if (!Array.isArray(paths) || !Array.isArray(weights))
      return fail("a group of its weightsManifest has no paths or no weights");
    files += paths.length;
    if (files > MOST_FILES) fail(`its weights lie in more than ${MOST_FILES} files`);
    const shards: Uint8Array[] = [];
    for (const path of paths) shards.push(await beside(fileName(path, fail)));
    const bytes = joined(shards);
    let at = 0;
    for (const entry of weights) {
      const weight = readEntry(entry, fail);
      if (found.has(weight.name)) fail(`it has the weights ${told(weight.name)} twice`);
      const end = at + weight.count * weight.bytes;
      if (end > bytes.length)
        fail(`the weights ${told(weight.name)} end at byte ${end}, but their files have ${bytes.length}`);
      const part = bytes.subarray(at, end);
      found.set(weight.name, () => decode(weight, part));
      at = end;
    }
    if (at !== bytes.length)
      fail(`the files ${told(paths)} have ${bytes.length} bytes, but the manifest tells of ${at}`);
  }
  return found;
}

/** A name without folders, so that nothing elsewhere is read. */
function fileName(path: unknown, fail: (problem: string) => never): string {
  const name = typeof path === "string" ? path.slice(path.lastIndexOf("/") + 1) : "";
  if (name === "" || name === ".." || name === "." || /[\\\0]/.test(name))
    return fail(`a file of weights is called ${told(path)}`);
  return name;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

interface Weight {
  readonly name: string;
  readonly shape: Shape;
  readonly count: number;
  /** Of a value in the file. */
  readonly bytes: number;
  readonly dtype: string;
  readonly scale: number;
  readonly min: number;
}

function readEntry(entry: unknown, fail: (problem: string) => never): Weight {
  const [name, shape, dtype, quantization] = ["name", "shape", "dtype", "quantization"].map((key) =>
    member(entry, key),
  );
  if (typeof name !== "string") return fail("one of the weights in its manifest has no name");
  const sizes = Array.isArray(shape) ? shape : fail(`the weights ${told(name)} have no shape`);
  const count = sizes.reduce(
    (product: number, size) => product * (Number.isSafeInteger(size) && size >= 0 ? size : Number.NaN),
    1,
  );
  if (!Number.isSafeInteger(count)) fail(`the weights ${told(name)} have the shape ${told(shape)}`);
  const stored = isObject(quantization) ? member(quantization, "dtype") : dtype;
  if (typeof stored !== "string" || !Object.hasOwn(BYTES, stored))
    return fail(`the weights ${told(name)} are of the type ${told(stored)}`);
  const [scale, min] = ["scale", "min"].map((key) => member(quantization, key));
  const scaled = isObject(quantization) && stored !== "float16";
  if (scaled && !(Number.isFinite(scale) && Number.isFinite(min)))
    fail(`the weights ${told(name)} are quantised without a scale and a min`);
  return {
    name,
    shape: sizes,
    count,
    bytes: BYTES[stored],
    dtype: scaled ? `quantised ${stored}` : stored,
    scale: Number(scale),
    min: Number(min),
  };
}

function decode({ name, shape, count, bytes, dtype, scale, min }: Weight, data: Uint8Array): Tensor {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read: Record<string, (at: number) => number> = {
    float32: (at) => view.getFloat32(at, true),
    float16: (at) => half(view.getUint16(at, true)),
    "quantised uint8": (at) => view.getUint8(at) * scale + min,
    "quantised uint16": (at) => view.getUint16(at, true) * scale + min,
  };
  if (!Object.hasOwn(read, dtype))
    throw new InputError(`its weights ${told(name)} are of the type ${dtype}, not numbers with fractions`);
  const [values, valueAt] = [new Float32Array(count), read[dtype]];
  for (let k = 0; k < count; k++) values[k] = valueAt(k * bytes);
  return { shape, data: values };
}
