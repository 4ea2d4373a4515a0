import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSafetensors, type SafetensorsEntry } from "../../src/formats/safetensors.js";
import { type NamedTensors, sizeOf } from "../../src/tensor.js";

/** A file that `make_golden.py` wrote: what was computed, and the numbers in float64. */
export interface GoldenFile<About> {
  readonly about: About;
  readonly tensors: NamedTensors;
}

const folder = fileURLToPath(new URL("../golden/", import.meta.url));

export function readGolden<About>(name: string): GoldenFile<About> {
  const path = `${folder}${name}.safetensors`;
  const { metadata, tensors } = parseSafetensors(readFileSync(path), path);
  return {
    about: JSON.parse(metadata.golden),
    tensors: Object.fromEntries(
      tensors.map((entry) => [entry.name, { shape: entry.shape, data: doubles(entry) }]),
    ),
  };
}

/** The names of all golden files that begin with `prefix`. */
export function goldenFiles(prefix: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && file.endsWith(".safetensors"))
    .map((file) => file.replace(".safetensors", ""))
    .sort();
}

function doubles({ dtype, shape, bytes }: SafetensorsEntry): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: sizeOf(shape) }, (_, k) => {
    if (dtype === "F64") return view.getFloat64(8 * k, true);
    if (dtype === "U8") return view.getUint8(k);
    throw new Error(`No golden file holds ${dtype}.`);
  });
}
