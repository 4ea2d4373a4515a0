// How far convolutions in float32 are from float64, computed directly and by tiles.
//
//   npm run build && node scripts/convolution-error.mjs [--seed 0] [--images 8] [--strict]
//
// A layer of each size in the middle of a small network, on made-up images. Its outputs, the gradient of its own weights,
// and the gradient of the layer before it, which comes through its input's gradient, are compared with the textbook in
// float64: the root of the mean square of the error, and the largest error, relative to the root of the mean square of the
// exact numbers. In units of 2^-24, half the distance between a float32 number and the next.
import { setFlagsFromString } from "node:v8";
import {
  createEngine,
  defineModel,
  forward,
  initialParameters,
  noise,
  parameterGradients,
  tensor,
  trace,
} from "unravel-cnn";
import { readArguments } from "./arguments.mjs";

setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag
const { seed, images, strict } = readArguments({ seed: 0, images: 8, strict: false });
const UNIT = 2 ** -24;

/** [channels, filters, height and width] */
const sizes = [
  [8, 16, 12],
  [16, 16, 16],
  [32, 64, 26],
  [64, 64, 14],
  [128, 128, 10],
];

console.log("| channels, filters, size | numbers | directly: mean, largest | by tiles: mean, largest |");
console.log("|---|---|---|---|");
for (const [channels, filters, size] of sizes) {
  const spec = {
    input: [3, size, size],
    layers: [
      { type: "conv2d", filters: channels, kernel: 1 },
      { type: "relu" },
      { type: "conv2d", filters, kernel: 3 },
      { type: "flatten" },
    ],
  };
  const model = defineModel(spec);
  const parameters = initialParameters(model, seed);
  const data = noise(model, images);
  // labels are bytes, so they are the first 256 of the many classes
  const exactParameters = initialParameters(model, seed, "he", "float64");
  const float32 = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data: numbers }]) => [
      name,
      tensor(shape, numbers, "float64"),
    ]),
  );
  Object.assign(exactParameters, float32);
  const x = tensor(
    [images, 3, size, size],
    Float64Array.from(data.images, (byte) => byte / 255),
    "float64",
  );
  const step = trace(model, exactParameters, x, data.labels, { inputGradient: false });
  const gradients = parameterGradients(step);
  const outputs = forward(model, exactParameters, x)["flatten1.out"];

  const errors = {};
  for (const convolution of ["direct", "auto"]) {
    const engine = await createEngine(spec, { parameters, threads: 0, strict, convolution });
    const scores = await engine.logits(data.images);
    const run = await engine.startTraining(data, {
      batchSize: images,
      optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    });
    // a rate that makes the step as large as the weights, so that the difference loses nothing
    const rate =
      2 **
      Math.round(
        Math.log2(
          rootMeanSquare(parameters["conv2.weight"].data) / rootMeanSquare(gradients["conv2.weight"].data),
        ),
      );
    await run.epoch(
      Uint32Array.from({ length: images }, (_, k) => k),
      Float64Array.of(rate),
    );
    const after = engine.parameters();
    const gradientOf = (name) =>
      after[name].data.map((value, k) => (parameters[name].data[k] - value) / rate);
    errors[convolution] = {
      outputs: compare(scores, outputs.data),
      "its weights' gradient": compare(gradientOf("conv2.weight"), gradients["conv2.weight"].data),
      "the gradient before it": compare(gradientOf("conv1.weight"), gradients["conv1.weight"].data),
    };
    await engine.close();
  }
  for (const what of Object.keys(errors.direct)) {
    const text = ({ mean, largest }) => `${mean.toFixed(1)}, ${largest.toFixed(1)}`;
    console.log(
      `| ${channels}, ${filters}, ${size}x${size} | ${what} | ${text(errors.direct[what])} | ${text(errors.auto[what])} |`,
    );
  }
}

function rootMeanSquare(values) {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function compare(actual, exact) {
  const scale = rootMeanSquare(exact) * UNIT;
  const distances = Float64Array.from(exact, (value, k) => Math.abs(actual[k] - value));
  return {
    mean: rootMeanSquare(distances) / scale,
    largest: distances.reduce((a, b) => Math.max(a, b), 0) / scale,
  };
}
