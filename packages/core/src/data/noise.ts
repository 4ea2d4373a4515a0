import type { Model } from "../graph/model.js";
import { randomStream } from "../random.js";
import { sizeOf } from "../tensor.js";
import type { Dataset } from "./dataset.js";

/** So many random bytes are drawn, and then repeated. A prime number, so that images begin at different places among them. */
const PERIOD = 4093;

/** Images of random bytes with random labels, of a network's shape: nothing can be learnt from them but speed. */
export function noise(model: Model, count: number, seed = 0): Dataset {
  const size = sizeOf(model.inputShape);
  const random = randomStream(seed, "noise");
  const bytes = Uint8Array.from({ length: PERIOD }, (_, index) => random.below(256, index));
  const images = new Uint8Array(count * size);
  for (let k = 0; k < images.length; k += PERIOD) images.set(bytes.subarray(0, images.length - k), k);
  return {
    name: "noise",
    shape: model.inputShape,
    images,
    // labels are bytes: of models with more classes, only the first are used
    labels: Uint8Array.from({ length: count }, (_, n) =>
      random.below(Math.min(256, model.classes.length), PERIOD + n),
    ),
    classes: model.classes,
  };
}
