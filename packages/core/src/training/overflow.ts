import { loadBatch } from "../data/batch.js";
import type { Engine, InferenceOptions } from "../engine/engine.js";
import { FailureError } from "../errors.js";
import type { Model } from "../graph/model.js";
import { tensorsOfModel } from "../graph/parameters.js";
import { largestSize } from "../presentation/numbers.js";
import { EVALUATION, forward, type Trace } from "../reference/trace.js";
import { type DType, dtypeOf, type NamedTensors, sizeOf } from "../tensor.js";

/*
 * Weights can be finite, but so large that what is computed with them isn't. Then there is no answer, and the error says
 * where it began and which weights are too large.
 */

const LARGEST: Readonly<Record<DType, string>> = { float32: "3.4e+38", float64: "1.8e+308" };

/**
 * As `engine.logits`, in float32.
 * @param first the number that the first image has for people
 * @throws FailureError if a score is no finite number
 */
export async function finiteLogits(
  engine: Engine,
  images: Uint8Array,
  options?: InferenceOptions,
  first = 0,
): Promise<Float32Array> {
  const { model } = engine;
  const logits = await engine.logits(images, options);
  const wrong = logits.findIndex((score) => !Number.isFinite(score));
  if (wrong < 0) return logits;
  const parameters = engine.parameters();
  const image = Math.floor(wrong / model.classes.length);
  const x = loadBatch(images, model.inputShape, [image], model.normalize);
  const size = sizeOf(model.inputShape);
  const which = first > 0 || images.length > size ? ` of image ${first + image}` : "";
  throw overflow(
    `The scores${which} overflow`,
    model,
    parameters,
    forward(model, parameters, x, EVALUATION),
    "float32",
  );
}

/**
 * Looks whether all numbers of a trace are finite.
 * @throws FailureError if the loss or a gradient of a trace is no finite number
 */
export function checkTrace({ model, tensors, loss }: Trace): void {
  const wrong = Object.keys(tensors).find((name) => !tensors[name].data.every(Number.isFinite));
  if (wrong === undefined && Number.isFinite(loss)) return;
  throw overflow(`${wrong ?? "The loss"} overflows`, model, tensors, tensors, dtypeOf(tensors.x));
}

/** @param outputs among them `conv1.out` and so on */
function overflow(
  what: string,
  model: Model,
  parameters: NamedTensors,
  outputs: NamedTensors,
  dtype: DType,
): FailureError {
  // none, if it is in the backward pass; or if the engine's order of adding up overflows where the textbook's doesn't
  const first = model.layers.find(({ name }) => !outputs[`${name}.out`].data.every(Number.isFinite));
  const where = first ? `${first.name} gives numbers` : "there are numbers";
  let largest = { name: "", size: 0 };
  for (const { fullName } of tensorsOfModel(model)) {
    const size = largestSize(parameters[fullName].data);
    if (size > largest.size) largest = { name: fullName, size };
  }
  return new FailureError(
    `${what}: ${where} beyond ${LARGEST[dtype]}, the largest that ${dtype} holds, because weights are far too ` +
      `large (${largest.name} up to ${largest.size.toPrecision(2)}); train the network again, with a lower learning rate.`,
  );
}
