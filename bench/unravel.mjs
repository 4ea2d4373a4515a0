// How fast unravel trains a built-in network, as bench/pytorch.py does it, for bench/versus-pytorch.mjs.
import { parseArgs } from "node:util";
import { builtIn, createEngine, defineModel } from "unravel-cnn";
import { loadDataset } from "unravel-cnn/node";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "batch-size": { type: "string" },
    optimizer: { type: "string", default: "sgd" },
    threads: { type: "string" },
    convolution: { type: "string", default: "auto" },
    seconds: { type: "string", default: "3" },
    repetitions: { type: "string", default: "5" },
  },
});
const COUNT = 60_000;
const MOST_EXTRA_RUNS = 40;
const [name] = positionals;
const batchSize = Number(values["batch-size"] ?? (name === "convnet" ? 128 : 64));
const seconds = Number(values.seconds);
const repetitions = Number(values.repetitions);

const data = process.env.UNRAVEL_DATA
  ? (await loadDataset("mnist")).train
  : madeUp(defineModel(builtIn(name)));
const count = data.labels.length;
const engine = await createEngine(builtIn(name), {
  convolution: values.convolution,
  ...(values.threads && { threads: Number(values.threads) }),
});
const optimizer =
  values.optimizer === "adam"
    ? { type: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }
    : { type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 };
const rate = values.optimizer === "adam" ? 1e-3 : 0.05;
const training = await engine.startTraining(data, { batchSize, optimizer });
const order = shuffled(count);
let first = 0;

const [, before] = await train(1);
let steps = 2;
let perEpoch = 0;
const end = performance.now() + (1000 * seconds) / 4;
while (performance.now() < end) {
  [perEpoch] = await train(steps); // warm up
  steps *= 2;
}
steps = Math.max(1, Math.round(((seconds / repetitions) * COUNT) / perEpoch / batchSize));
const runs = [];
for (let k = 0; k < repetitions; k++) runs.push(await train(steps));
// no longer timed: on until the loss has clearly fallen
let [, after] = runs[repetitions - 1];
for (let k = 0; k < MOST_EXTRA_RUNS && !(after < 0.9 * before); k++) [, after] = await train(25);
await engine.close();
if (!(after < 0.9 * before))
  throw new Error(`The loss went from ${before} to ${after}: it should have fallen.`);
const secondsPerEpoch = runs.map(([time]) => time);
console.log(
  JSON.stringify({
    secondsPerEpoch,
    steps: steps * repetitions,
    lossBefore: before,
    lossAfter: after,
    threads: engine.threads,
  }),
);

/** Seconds for 60,000 images, and the mean loss. */
async function train(batches) {
  const chosen = Uint32Array.from({ length: batches * batchSize }, () => order[first++ % count]);
  const start = performance.now();
  const { loss, images } = await training.epoch(chosen, new Float64Array(batches).fill(rate));
  return [((performance.now() - start) * COUNT) / images / 1000, loss / images];
}

/** Ten patterns under noise, which a network learns. */
function madeUp({ inputShape, classes }) {
  const random = numbers(1);
  const labels = Uint8Array.from({ length: COUNT }, () => random() % 10);
  const patterns = Uint8Array.from({ length: 10 * 784 }, () => random() % 200);
  const images = new Uint8Array(COUNT * 784);
  for (let k = 0; k < images.length; k++) {
    images[k] = patterns[labels[Math.floor(k / 784)] * 784 + (k % 784)] + (random() % 56);
  }
  return { name: "made up", shape: inputShape, images, labels, classes };
}

function shuffled(length) {
  const random = numbers(2);
  const order = Uint32Array.from({ length }, (_, n) => n);
  for (let n = length - 1; n > 0; n--) {
    const other = random() % (n + 1);
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}

/** Pseudorandom whole numbers: xorshift. */
function numbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
