import { EVALUATION, renderReport, trace, withUpdate } from "unravel-cnn";
import type { Explorer } from "../state/explorer.svelte.js";
import { labelsOf } from "../state/right.js";

/** The step that the report's last chapter takes against the gradient. */
const LEARNING_RATE = 0.01;

/** The way of the image that is shown through the network and back, as one HTML file. */
export function reportOf(explorer: Explorer): string {
  const { network, image, right } = explorer;
  const { model, parameters } = network;
  const { x } = explorer.tensors;
  const size = x.data.length / x.shape[0];
  const own = {
    shape: [1, ...x.shape.slice(1)],
    data: x.data.slice(image * size, (image + 1) * size),
  };
  const alone = trace(model, parameters, own, labelsOf(model, [right]), EVALUATION);
  return renderReport({
    trace: withUpdate(alone, LEARNING_RATE),
    modelName: network.title,
    trained: network.note !== "untrained",
    imageName: explorer.pictureName,
    labelKnown: explorer.isLabelKnown,
  });
}
