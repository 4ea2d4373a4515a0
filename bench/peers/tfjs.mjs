// TensorFlow.js without a graphics card, for bench/peers/run.mjs: --backend cpu (plain JavaScript) or wasm.
//
// Its wasm backend can't train convolutions: it has no Conv2DBackpropFilter. Here that is made of the kernels it has,
// a transpose before and after a convolution, so that all heavy work is done by its own WebAssembly.
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { channelsLast } from "./channelsLast.mjs";
import { batchByBatch, floatImages, gather, measure, network, options, pixels } from "./measuring.mjs";

const { backend, batchSize, rate, momentum } = options;

/**
 * The gradient of a weight adds up products of an input and an output gradient over all images and places. That is a
 * convolution whose channels are the images: x as [C, H, W, N], dy as the kernel [OH, OW, N, F] -> [C, KH, KW, F].
 */
tf.registerKernel({
  kernelName: "Conv2DBackpropFilter",
  backendName: "wasm",
  kernelFunc: ({ inputs: { x, dy }, attrs: { strides, pad, filterShape } }) => {
    const stride = [strides].flat();
    if (stride.some((step) => step !== 1)) throw new Error("Strides other than 1 are not needed here.");
    const images = tf.transpose(tf.engine().makeTensorFromTensorInfo(x), [3, 1, 2, 0]);
    const kernel = tf.transpose(tf.engine().makeTensorFromTensorInfo(dy), [1, 2, 0, 3]);
    const { top, left, bottom, right } = tf.backend_util.computeConv2DInfo(
      x.shape,
      filterShape,
      strides,
      1,
      pad,
    ).padInfo;
    const explicit = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const gradient = tf.conv2d(images, kernel, 1, pad === "valid" ? "valid" : explicit);
    return tf.transpose(gradient, [1, 2, 0, 3]);
  },
});
await tf.setBackend(backend);
await tf.ready();

/** Weights as variables, in the layouts of tf.conv2d and tf.matMul. */
const variables = Object.fromEntries(
  network.layers
    .filter((layer) => layer.parameters.length > 0)
    .map((layer) => {
      const { weight, bias } = channelsLast(layer);
      const [filters, channels, height, width] = layer.parameters[0].shape;
      const kernel =
        layer.spec.type === "conv2d"
          ? tf.transpose(tf.tensor(weight, [filters, height, width, channels]), [1, 2, 3, 0])
          : tf.transpose(tf.tensor(weight, [filters, channels]), [1, 0]);
      return [layer.name, { weight: tf.variable(kernel), bias: tf.variable(tf.tensor1d(bias)) }];
    }),
);

const apply = {
  conv2d: (x, { name, resolved: { padding } }) => {
    const { weight, bias } = variables[name];
    const [top, right, bottom, left] = padding;
    const pad = padding.every((width) => width === 0)
      ? "valid"
      : [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ];
    return tf.add(tf.conv2d(x, weight, 1, pad), bias);
  },
  relu: (x) => tf.relu(x),
  maxPool2d: (x) => tf.maxPool(x, 2, 2, "valid"),
  flatten: (x) => tf.reshape(x, [x.shape[0], -1]),
  dense: (x, { name }) => tf.add(tf.matMul(x, variables[name].weight), variables[name].bias),
};
const scoresOf = (x) => network.layers.reduce((value, layer) => apply[layer.spec.type](value, layer), x);

const optimizer = momentum > 0 ? tf.train.momentum(rate, momentum) : tf.train.sgd(rate);
const floats = floatImages();

function trainBatch(chosen) {
  const { images, labels } = gather(floats, chosen);
  return tf.tidy(() => {
    const x = tf.tensor4d(images, [chosen.length, 28, 28, 1]);
    const y = tf.oneHot(tf.tensor1d(labels, "int32"), 10);
    return optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, scoresOf(x)), true).dataSync()[0];
  });
}

await measure(
  { system: `TensorFlow.js, ${backend}`, version: tf.version_core, threads: 1 },
  {
    train: batchByBatch(trainBatch),
    predict: (first) =>
      tf.tidy(() => {
        const images = floats.subarray(first * pixels, (first + batchSize) * pixels);
        return scoresOf(tf.tensor4d(images, [batchSize, 28, 28, 1])).dataSync();
      }),
  },
);
