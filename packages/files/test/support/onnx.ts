import { createRequire } from "node:module";
import { EVALUATION, forward, type NamedTensors, type SavedModel, type Tensor, tensor } from "unravel-cnn";
import { encodeMessage } from "../../dist/export/onnx/wire.js";
import { decodeMessage } from "../../dist/import/onnx/wire.js";
import type { MessageName, OnnxModel } from "../../dist/onnx/schema.js";

/** The scores of a network that is used, by the textbook. */
export function scoresOf({ model, parameters }: SavedModel, x: Tensor): Tensor {
  return forward(model, parameters as NamedTensors, x, EVALUATION)[model.output];
}

/** How far two lists of numbers are apart at most, compared with the largest of them, or with 1. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [largest, apart] = [1, 0];
  for (let k = 0; k < a.length; k++) {
    largest = Math.max(largest, Math.abs(b[k]));
    apart = Math.max(apart, Math.abs(a[k] - b[k]));
  }
  return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart / largest;
}

/** Images as a network takes them, from ones as a file lays them out: normalised, and with the channels first. */
export function inputOf(
  { model }: Pick<SavedModel, "model">,
  { shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  scale = 1,
  channelsLast = false,
): Tensor {
  const [C, H, W] = model.inputShape;
  const { mean, std } = model.normalize;
  const values = new Float32Array(data.length);
  for (let n = 0; n < shape[0]; n++) {
    for (let c = 0; c < C; c++) {
      for (let k = 0; k < H * W; k++) {
        const from = n * C * H * W + (channelsLast ? k * C + c : c * H * W + k);
        values[(n * C + c) * H * W + k] = (data[from] / scale - mean[c]) / std[c];
      }
    }
  }
  return tensor([shape[0], C, H, W], values);
}

/** A file with something in it changed. */
export function changed(bytes: Uint8Array, change: (file: OnnxModel) => object): Uint8Array {
  return encodeMessage("model", change(decodeMessage("model", bytes) as OnnxModel));
}

export function encoded(name: MessageName, message: object): Uint8Array {
  return encodeMessage(name, message);
}

/** What of onnxruntime-web is used here. */
interface Runtime {
  readonly env: { logLevel: string; readonly wasm: { numThreads: number } };
  readonly Tensor: new (type: string, data: object, dims: readonly number[]) => object;
  readonly InferenceSession: {
    create(
      bytes: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: object): Promise<Record<string, { readonly data: ArrayLike<number> }>>;
      release(): Promise<void>;
    }>;
  };
}

/** onnxruntime-web, if it is installed: it is large, and no dependency. */
export const runtime = await load();

async function load(): Promise<Runtime | undefined> {
  try {
    const found = createRequire(import.meta.url)("onnxruntime-web") as Runtime;
    found.env.wasm.numThreads = 1;
    found.env.logLevel = "error";
    return found;
  } catch {
    return undefined;
  }
}

/** What onnxruntime-web computes. */
export async function runtimeScores(
  bytes: Uint8Array,
  x: Tensor | { readonly shape: readonly number[]; readonly data: Uint8Array },
): Promise<ArrayLike<number>> {
  if (runtime === undefined) throw new Error("onnxruntime-web is not installed.");
  const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const type = x.data instanceof Uint8Array ? "uint8" : "float32";
    const results = await session.run({ x: new runtime.Tensor(type, x.data, x.shape) });
    return Object.values(results)[0].data;
  } finally {
    await session.release();
  }
}
