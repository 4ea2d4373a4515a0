import { randomStream } from "unravel-cnn";
import type { ImportedModel } from "../../src/import/format.js";
import { importModel } from "../../src/import/index.js";

/* Layers models of TensorFlow.js, written by hand: the shortest way to any config of Keras. */

export interface KerasEntry {
  readonly class_name: string;
  readonly config: Record<string, unknown>;
  readonly name?: string;
  readonly inbound_nodes?: unknown;
}

/** A layer; its name is its class's, in small letters, if none is given. */
export const entry = (class_name: string, config: Record<string, unknown> = {}): KerasEntry => ({
  class_name,
  config: { name: class_name.toLowerCase(), ...config },
});

/** The same in a functional network, behind others. */
export const behind = (inputs: readonly string[], { class_name, config }: KerasEntry): KerasEntry => ({
  class_name,
  config,
  name: config.name as string,
  inbound_nodes: inputs.length === 0 ? [] : [inputs.map((name) => [name, 0, 0, {}])],
});

export const sequential = (...layers: readonly KerasEntry[]) => ({
  class_name: "Sequential",
  config: { name: "sequential", layers },
});

export const functional = (input: string, output: string, ...layers: readonly KerasEntry[]) => ({
  class_name: "Functional",
  config: { name: "functional", layers, input_layers: [[input, 0, 0]], output_layers: [[output, 0, 0]] },
});

export type Shapes = Readonly<Record<string, readonly number[]>>;

export interface ModelJson {
  readonly file: Record<string, unknown>;
  readonly weights: Uint8Array;
}

/** model.json and its weights: random ones of these shapes, those of variances above 0. */
export function modelJson(topology: unknown, shapes: Shapes = {}): ModelJson {
  const random = randomStream(4, "weights");
  const weights = Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: "float32" }));
  const count = weights.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  const values = Float32Array.from({ length: count }, (_, k) => 0.1 + Math.abs(random.normal(k)));
  const manifest = [{ paths: ["weights.bin"], weights }];
  return {
    file: { format: "layers-model", modelTopology: topology, weightsManifest: manifest },
    weights: new Uint8Array(values.buffer),
  };
}

/** @param files those beside, by their names */
export function readModelJson(
  file: unknown,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<ImportedModel> {
  const bytes = new TextEncoder().encode(JSON.stringify(file));
  return importModel(
    { name: "model.json", bytes },
    { beside: async (name) => files[name] ?? new Uint8Array(0) },
  );
}

export function importKeras(topology: unknown, shapes: Shapes = {}): Promise<ImportedModel> {
  const { file, weights } = modelJson(topology, shapes);
  return readModelJson(file, { "weights.bin": weights });
}
