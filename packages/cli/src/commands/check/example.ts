import {
  builtIn,
  defineModel,
  formatTraceNpz,
  initialParameters,
  loadBatch,
  noise,
  trace,
  withUpdate,
} from "unravel-cnn";

/** A correct file: one step of a small network on images of noise. */
export function exampleFile(): Uint8Array {
  const model = defineModel(builtIn("one-conv", { filters: 2 }));
  const data = noise(model, IMAGES, 0);
  const x = loadBatch(data.images, data.shape, [0, 1, 2, 3], model.normalize, "float64");
  const step = trace(model, initialParameters(model, 0, "he", "float64"), x, data.labels);
  return formatTraceNpz(withUpdate(step, LEARNING_RATE));
}

const IMAGES = 4;
const LEARNING_RATE = 0.1;
