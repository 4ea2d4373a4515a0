import { checkDataset, type Dataset, labelsPerImage } from "../data/dataset.js";
import { InputError } from "../errors.js";
import type { Model } from "../graph/model.js";
import { formatShape, sameShape } from "../tensor.js";

/**
 * Looks whether a network can take a data set: the shape of its images, the number of its classes, the kind of its labels.
 * @throws InputError if the data set is broken, or its images or classes aren't those of the network.
 */
export function checkFits(model: Model, data: Dataset): void {
  checkDataset(data);
  if (!sameShape(model.inputShape, data.shape)) {
    const [channels, height, width] = data.shape;
    const last = sameShape(model.inputShape, [height, width, channels]);
    throw new InputError(
      `The images of ${data.name} have shape ${formatShape(data.shape)}, but the model takes ${formatShape(model.inputShape)}; ${last ? `"input" in its spec has the channels first: write ${formatShape(data.shape)}` : 'change "input" in its spec'}.`,
    );
  }
  const each = labelsPerImage(data);
  if (each > 1) {
    if (!model.loss.takesSeveral) {
      throw new InputError(
        `${data.name} has several labels at once for an image, but the loss ${model.loss.type} takes one class for each; put "loss": { "type": "binaryCrossEntropy" } into the model's spec.`,
      );
    }
    if (each === model.classes.length) return;
    throw new InputError(
      `${data.name} has labels for ${each} classes, but the model has ${model.classes.length}; give its last layer ${each} units.`,
    );
  }
  const largest = data.labels.reduce((a, b) => Math.max(a, b), 0);
  if (largest >= model.classes.length) {
    throw new InputError(
      `${data.name} has a label ${largest}, but the model has ${model.classes.length} classes, numbered from 0; give its last layer ${largest + 1} units.`,
    );
  }
}
