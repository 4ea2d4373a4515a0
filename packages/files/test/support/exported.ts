import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createEngine,
  defineModel,
  initialParameters,
  type ModelSpec,
  type NamedTensors,
  type Prediction,
  predict,
  randomStream,
  type SavedModel,
  sizeOf,
  tensorsOfModel,
} from "unravel-cnn";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { type ExportOptions, exportModel } from "../../src/index.js";

/** What an exported module exports. */
export interface Exported {
  predict(pixels: Uint8Array | Uint8ClampedArray | Float32Array): Prediction;
  predictBatch(pixels: Uint8Array | Uint8ClampedArray | Float32Array): Prediction[];
  predictImage(source: unknown): Prediction;
  readonly classes: readonly string[];
  readonly inputShape: readonly number[];
  readonly model: Readonly<Record<string, unknown>>;
}

/** A network with fresh weights; its biases, and what norms have, are drawn, too, as if it had been trained a little. */
export function drawnNetwork(spec: ModelSpec, seed: number): SavedModel {
  const model = defineModel(spec);
  const fresh = initialParameters(model, seed);
  const parameters: NamedTensors = Object.fromEntries(
    tensorsOfModel(model).map(({ fullName, shape }) => {
      const random = randomStream(seed, fullName);
      const moved = shape.length === 1 ? 0.2 : 0;
      const data = fresh[fullName].data.map((value, k) => value + moved * random.uniform(k));
      return [fullName, { shape, data }];
    }),
  );
  return { model, parameters };
}

/** Bytes for so many images. */
export function drawnImages({ inputShape }: SavedModel["model"], count: number, seed: number): Uint8Array {
  const random = randomStream(seed, "images");
  return Uint8Array.from({ length: count * sizeOf(inputShape) }, (_, k) => {
    const value = random.uniform(k);
    return value < 1 / 3 ? 0 : Math.floor(256 * value);
  });
}

/** The files of an export in a folder for the time of the test; where they lie. */
export async function written(saved: SavedModel, to: string, options: ExportOptions = {}): Promise<string> {
  const files = await exportModel(saved, to, options);
  const folder = await temporaryFolder(
    Object.fromEntries([
      ["package.json", new TextEncoder().encode('{"type":"module"}')],
      ...files.map(({ name, bytes }) => [name, bytes as Uint8Array<ArrayBuffer>] as const),
    ]),
  );
  return join(folder, files[0].name);
}

export async function imported(saved: SavedModel, options: ExportOptions = {}): Promise<Exported> {
  return import(pathToFileURL(await written(saved, "js", options)).href);
}

/** What the library's strict engine says. */
export async function strictly(saved: SavedModel, images: Uint8Array): Promise<Prediction[]> {
  const engine = await strict(saved);
  try {
    return await predict(engine, images);
  } finally {
    await engine.close();
  }
}

/** The same for a test that asks one engine several times; it is closed when the test is over. */
export async function strictEngine(
  saved: SavedModel,
): Promise<(images: Uint8Array) => Promise<Prediction[]>> {
  const engine = await strict(saved);
  onTestFinished(() => engine.close());
  return (images) => predict(engine, images);
}

const strict = ({ model, parameters }: SavedModel) =>
  createEngine(model.spec, { parameters, strict: true, threads: 0 });
