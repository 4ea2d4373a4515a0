import { readFileSync } from "node:fs";
import {
  digitPen,
  loadBatch,
  type Model,
  type NamedTensors,
  parseModel,
  type Trace,
  trace,
} from "unravel-cnn";

/** The network of the page, as the library reads it. */
export function trainedNetwork(): { model: Model; parameters: NamedTensors } {
  const file = new URL("../../assets/one-conv.safetensors", import.meta.url);
  return parseModel(new Uint8Array(readFileSync(file)), "one-conv.safetensors");
}

/** The digit that the page opens with, or another of the shelf. */
export const sample = (digit: number, index = 0): Uint8Array => digitPen(0, "test").draw(digit, index);

/** What the library makes of images: bytes `[N, 28, 28]`. */
export function traceOf(images: readonly Uint8Array[], labels: readonly number[]): Trace {
  const { model, parameters } = trainedNetwork();
  const bytes = Uint8Array.from(images.flatMap((image) => [...image]));
  const x = loadBatch(bytes, model.inputShape, [...labels.keys()], model.normalize);
  return trace(model, parameters, x, labels);
}
