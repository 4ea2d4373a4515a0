import { randomStream, type Tensor } from "unravel-cnn";
import type { ExportedFile } from "../../src/export/format.js";

/* TensorFlow.js itself, on the processor, in pure JavaScript. */

const tf = await import("@tensorflow/tfjs-core");
const layers = await import("@tensorflow/tfjs-layers");
await import("@tensorflow/tfjs-backend-cpu");
// it advises at every start to install something else
tf.env().set("IS_NODE", false);
await tf.setBackend("cpu");

/** What TensorFlow.js predicts for images [N, C, H, W], from the files of a layers model. */
export async function tensorflowPredicts(files: readonly ExportedFile[], x: Tensor): Promise<number[]> {
  const [main, ...shards] = files;
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(main.bytes));
  const model = await layers.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap((group: { weights: object[] }) => group.weights),
      weightData: await new Blob(shards.map(({ bytes }) => bytes as BlobPart)).arrayBuffer(),
    }),
  );
  try {
    return tf.tidy(() => {
      const images = tf.tensor4d(Float32Array.from(x.data), x.shape as [number, number, number, number]);
      const scores = model.predict(tf.transpose(images, [0, 2, 3, 1]));
      if (Array.isArray(scores)) throw new Error("There is one output.");
      return [...scores.dataSync()];
    });
  } finally {
    model.dispose();
  }
}

/** A layer of TensorFlow.js, by its function in tf.layers, and its options. */
export type TensorflowLayer = readonly [kind: string, options: Record<string, unknown>];

/**
 * A chain that TensorFlow.js makes and saves itself, with random weights; undefined if its layers don't fit together.
 * @param size of the images, [height, width, channels]
 * @param inner how many of the layers form a network of their own, at the beginning
 */
export async function savedByTensorflow(
  size: readonly number[],
  chain: readonly TensorflowLayer[],
  inner: number,
  seed: number,
): Promise<readonly ExportedFile[] | undefined> {
  const make = ([kind, options]: TensorflowLayer, first: boolean) =>
    // biome-ignore lint/suspicious/noExplicitAny: one function for each kind of layer
    (layers.layers as any)[kind]({ ...options, ...(first && { inputShape: size }) });
  const model = layers.sequential();
  try {
    if (inner > 0) {
      const own = layers.sequential();
      for (const [k, layer] of chain.slice(0, inner).entries()) own.add(make(layer, k === 0));
      model.add(own);
    }
    for (const [k, layer] of chain.slice(inner).entries()) model.add(make(layer, k === 0 && inner === 0));
  } catch {
    return undefined; // a window larger than what it moves over, for one
  }
  if (model.outputs[0].shape.slice(1).some((side) => side === null || side < 1)) return undefined;
  const random = randomStream(seed, "tensorflow");
  let k = 0;
  model.setWeights(
    model.getWeights().map(({ shape }, place) => {
      const size = shape.reduce((product, side) => product * side, 1);
      const variance = model.weights[place].name.includes("moving_variance");
      const values = Float32Array.from({ length: size }, () => {
        const value = random.normal(k++) / Math.sqrt(Math.max(1, size / (shape[shape.length - 1] ?? 1)));
        return variance ? 0.1 + value * value : value;
      });
      return tf.tensor(values, shape);
    }),
  );
  const files: ExportedFile[] = [];
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ["./weights.bin"], weights: weightSpecs }];
      const json = JSON.stringify({
        format: "layers-model",
        generatedBy: "TensorFlow.js",
        modelTopology,
        weightsManifest,
      });
      files.push({ name: "model.json", bytes: new TextEncoder().encode(json) });
      files.push({ name: "weights.bin", bytes: new Uint8Array(weightData as ArrayBuffer) });
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  model.dispose();
  return files;
}
