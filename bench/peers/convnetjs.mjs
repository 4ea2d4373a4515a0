// ConvNetJS, plain JavaScript in float64, for bench/peers/run.mjs. It knows no batches: it goes through the images of a batch
// one by one and updates after the last.
import { createRequire } from "node:module";
import { channelsLast } from "./channelsLast.mjs";
import { batchByBatch, data, floatImages, measure, network, options, pixels } from "./measuring.mjs";

const require = createRequire(import.meta.url);
const convnetjs = require("convnetjs");
const { version } = require("convnetjs/package.json");
const { batchSize, rate, momentum } = options;

/** Its "softmax" brings the last dense layer along, and its dense layers flatten what they get. */
const definitions = {
  conv2d: ({ resolved: { kernel, padding }, outputShape }) => [
    { type: "conv", sx: kernel[0], filters: outputShape[0], stride: 1, pad: padding[0] },
  ],
  relu: () => [{ type: "relu" }],
  maxPool2d: () => [{ type: "pool", sx: 2, stride: 2 }],
  flatten: () => [],
  dense: ({ outputShape }) => [{ type: "fc", num_neurons: outputShape[0] }],
};
const { layers } = network;
const net = new convnetjs.Net();
net.makeLayers([
  { type: "input", out_sx: 28, out_sy: 28, out_depth: 1 },
  ...layers.slice(0, -1).flatMap((layer) => definitions[layer.spec.type](layer)),
  { type: "softmax", num_classes: 10 },
]);

// A row of weights is a filter or a unit.
const weighted = layers.filter((layer) => layer.parameters.length > 0);
const own = net.layers.filter(({ layer_type }) => layer_type === "conv" || layer_type === "fc");
for (const [k, { filters, biases }] of own.entries()) {
  const { weight, bias } = channelsLast(weighted[k]);
  const size = weight.length / filters.length;
  for (const [f, filter] of filters.entries()) {
    for (let i = 0; i < size; i++) filter.w[i] = weight[f * size + i];
    biases.w[f] = bias[f];
  }
}

const trainer = new convnetjs.SGDTrainer(net, {
  learning_rate: rate,
  momentum,
  batch_size: batchSize,
  l2_decay: 0,
});
const floats = floatImages();
const volume = new convnetjs.Vol(28, 28, 1, 0);

/** It doesn't write to its input's values. */
function input(n) {
  volume.w = floats.subarray(n * pixels, (n + 1) * pixels);
  return volume;
}

await measure(
  { system: "ConvNetJS", version, threads: 1 },
  {
    train: batchByBatch((chosen) => {
      let loss = 0;
      for (const n of chosen) loss += trainer.train(input(n), data.labels[n]).cost_loss;
      return loss / chosen.length;
    }),
    predict: (first) => {
      const scores = new Float32Array(batchSize * 10);
      for (let k = 0; k < batchSize; k++) {
        const probabilities = net.forward(input(first + k)).w;
        for (let c = 0; c < 10; c++) scores[10 * k + c] = Math.log(probabilities[c]);
      }
      return scores;
    },
  },
);
