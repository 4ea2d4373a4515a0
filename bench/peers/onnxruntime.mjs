// ONNX Runtime, for bench/peers/run.mjs: --backend node (native) or web (WebAssembly). It only predicts here.
import { createRequire } from "node:module";
import { floatImages, measure, options, pixels } from "./measuring.mjs";
import { onnxFile } from "./onnx.mjs";

const { backend, batchSize, threads } = options;
const ort = createRequire(import.meta.url)(`onnxruntime-${backend}`);
const version = ort.env.versions[backend] ?? ort.env.versions.common;
if (backend === "web") ort.env.wasm.numThreads = threads;

const { file, output } = onnxFile(batchSize);
const session = await ort.InferenceSession.create(file, {
  executionProviders: [backend === "web" ? "wasm" : "cpu"],
  graphOptimizationLevel: "all",
  intraOpNumThreads: threads,
});
const floats = floatImages();

await measure(
  { system: `onnxruntime-${backend}`, version, threads },
  {
    predict: async (first) => {
      const images = floats.subarray(first * pixels, (first + batchSize) * pixels);
      const results = await session.run({ x: new ort.Tensor("float32", images, [batchSize, 1, 28, 28]) });
      return results[output].data;
    },
  },
);
process.exit(); // its threads would keep it alive
