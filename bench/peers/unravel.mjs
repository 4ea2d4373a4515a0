// unravel, for bench/peers/run.mjs; also runs alone: UNRAVEL_DATA=... node bench/peers/unravel.mjs --model lenet5
import { readFile } from "node:fs/promises";
import { createEngine } from "unravel-cnn";
import { data, measure, network, options, parameters, pixels } from "./measuring.mjs";

const { batchSize, threads, convolution, optimizer, rate, momentum } = options;
const { version } = JSON.parse(
  await readFile(new URL("../../packages/core/package.json", import.meta.url), "utf8"),
);
const engine = await createEngine(network.spec, { threads, convolution, parameters });

/** All batches at once, as fit() does it. */
async function trainer() {
  const run = await engine.startTraining(data, {
    batchSize,
    optimizer:
      optimizer === "adam"
        ? { type: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }
        : { type: "sgd", momentum, nesterov: false, weightDecay: 0 },
  });
  return async (chosen) => {
    const rates = new Float64Array(Math.ceil(chosen.length / batchSize)).fill(rate);
    const { loss, images } = await run.epoch(chosen, rates);
    return loss / images;
  };
}

await measure(
  { system: "unravel", version, threads: engine.threads || 1 },
  {
    train: options.mode === "train" ? await trainer() : undefined,
    predict: (first) =>
      engine.logits(data.images.subarray(first * pixels, (first + batchSize) * pixels), { batchSize }),
  },
);
await engine.close();
