// Weights in the order of systems whose images are [height, width, channels].
import { network, parameters } from "./measuring.mjs";

/**
 * Weights and bias of a layer: of a convolution [filters, height, width, channels], of a dense layer [units, inputs], with
 * the inputs that come out of a flatten layer in the order height, width, channels.
 */
export function channelsLast(layer) {
  const bias = parameters[`${layer.name}.bias`].data;
  const { data, shape } = parameters[`${layer.name}.weight`];
  const before = network.layers[network.layers.indexOf(layer) - 1];
  const flattened = before?.spec.type === "flatten";
  const [channels, height, width] = flattened ? before.inputShape : shape.slice(1);
  const weight = height === undefined ? data : moved(data, channels, height * width);
  return { weight, bias };
}

/** [..., channels, places] -> [..., places, channels] */
function moved(data, channels, places) {
  const size = channels * places;
  return data.map((_, k) => {
    const within = k % size;
    return data[k - within + (within % channels) * places + Math.floor(within / channels)];
  });
}
