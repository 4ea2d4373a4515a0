import type { Tensor } from "unravel-cnn";
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
