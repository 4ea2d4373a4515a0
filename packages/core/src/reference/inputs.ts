import { InputError, inContext, show } from "../errors.js";
import type { Model } from "../graph/model.js";
import { checkShapes } from "../graph/parameters.js";
import { kindOf } from "../options.js";
import { counted } from "../presentation/numbers.js";
import { checkTensor, formatShape, type NamedTensors, sameShape, type Tensor } from "../tensor.js";

/** @throws InputError unless the model can be run on this batch with these parameters; what they hold may be anything */
export function checkBatch(model: Model, parameters: NamedTensors, x: Tensor): void {
  checkShapes(model, parameters);
  inContext("The batch x", () => checkTensor(x));
  const [count, ...shape] = x.shape;
  const takes = model.inputShape;
  if (count >= 1 && sameShape(shape, takes)) return;
  const one = sameShape(x.shape, takes);
  throw new InputError(
    `The batch x has shape ${formatShape(x.shape)}, but the model takes [N, ${takes.join(", ")}]${one ? `; one image is [1, ${x.shape.join(", ")}]` : ""}.`,
  );
}

/** @throws InputError unless `x`, the parameters and all layers' outputs are there, in the model's shapes */
export function checkOutputs(model: Model, tensors: NamedTensors): void {
  checkBatch(model, tensors, tensors.x);
  const count = tensors.x.shape[0];
  for (const { output, outputShape } of model.layers) {
    if (!Object.hasOwn(tensors, output))
      throw new InputError(`The output ${output} is missing; forward gives all of them.`);
    const shape = [count, ...outputShape];
    inContext(`The output ${output}`, () => checkTensor(tensors[output]));
    if (sameShape(tensors[output].shape, shape)) continue;
    throw new InputError(
      `The output ${output} has shape ${formatShape(tensors[output].shape)}, but of ${counted(count, "image")} it has ${formatShape(shape)}.`,
    );
  }
}

/** @throws InputError if a batch has too few images for a layer that trains on the whole of it */
export function checkImageCount(model: Model, count: number): void {
  if (count >= model.fewestImages) return;
  const layer = model.layers.find(({ kind, resolved }) => (kind.fewestImages?.(resolved) ?? 1) > count);
  throw new InputError(
    `${layer?.name} needs at least ${model.fewestImages} images in a batch to train on, not ${count}: of one number it has no spread.`,
  );
}

/** @throws InputError unless there is a label for each image of a batch, and a class for each label; or several at once */
export function checkLabels({ classes, loss }: Model, count: number, labels: ArrayLike<number>): void {
  if (loss.takesSeveral && Object(labels).length === count * classes.length) {
    for (let k = 0; k < labels.length; k++) {
      if (labels[k] === 0 || labels[k] === 1) continue;
      throw new InputError(
        `With several labels at once each is 0 or 1, but that of class ${k % classes.length} for image ${Math.floor(k / classes.length)} is ${show(labels[k])}.`,
      );
    }
    return;
  }
  if (typeof labels !== "object" || labels === null || labels.length !== count) {
    throw new InputError(
      `The labels must be a list of ${count} class numbers, one for each image, not ${Array.isArray(labels) ? show(labels) : kindOf(labels)}.`,
    );
  }
  for (let n = 0; n < count; n++) {
    if (Number.isInteger(labels[n]) && labels[n] >= 0 && labels[n] < classes.length) continue;
    throw new InputError(
      `Label ${n} is ${show(labels[n])}, but the model has ${classes.length} classes, numbered from 0.`,
    );
  }
}
