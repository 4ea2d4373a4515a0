/**
 * What an average of the weights (`ema`), label smoothing and both add to a training step of convnet:
 *
 *     node bench/average.mjs [--rounds 10]
 *
 * Each kernel of a step alone, again and again, on one thread: without and with, in turns, and of each kernel the fastest time of all
 * rounds, which other programs on the same cores disturb least. Batches of 128 made-up images, SGD with momentum.
 */
import { parseArgs } from "node:util";
import { convnet, profileModel } from "unravel-cnn";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "10" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a whole number of at least 1, not ${values.rounds}.`);
  process.exit(2);
}

const smooth = { ...convnet(), loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 } };
const ways = {
  "as it is": [convnet(), {}],
  "an average": [convnet(), { ema: 0.999 }],
  "label smoothing": [smooth, {}],
  "an average and label smoothing": [smooth, { ema: 0.999 }],
};

/** For each way, microseconds of each kernel for a block of 8 images. */
const fastest = new Map(Object.keys(ways).map((name) => [name, new Map()]));
for (let round = 0; round < rounds; round++) {
  for (const [name, [spec, options]] of Object.entries(ways)) {
    const profile = await profileModel(spec, {
      ...{ batchSize: 128, optimizer: { type: "sgd", momentum: 0.9 }, milliseconds: 20 },
      ...options,
    });
    const best = fastest.get(name);
    for (const { name: kernel, microseconds } of profile) {
      best.set(kernel, Math.min(best.get(kernel) ?? Infinity, microseconds));
    }
  }
}

const plain = fastest.get("as it is");
const step = [...plain.values()].reduce((sum, microseconds) => sum + microseconds, 0);
console.log(`convnet: a step takes ${step.toFixed(0)} us for each block of 8 images`);
for (const [name, kernels] of fastest) {
  // all other kernels are the same code
  const more = ["update", "loss"].map((kernel) => kernels.get(kernel) - plain.get(kernel));
  const [update, loss] = more.map((microseconds) => `${microseconds.toFixed(2)} us`);
  const share = (100 * (more[0] + more[1])) / step;
  console.log(`${name}: ${share.toFixed(2)}% more (update ${update}, loss ${loss})`);
}
