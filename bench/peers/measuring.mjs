// What the JavaScript programs of bench/peers share: options, images, weights, timing, and the checks.
//
// A program is started as a process with the options below and prints one line of JSON. It gives measure() a function that
// trains on one batch or one that predicts a batch; how often they run, and what is timed, is the same for all of them.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { builtIn, defineModel, initialParameters, softmax } from "unravel-cnn";
import { loadDataset } from "unravel-cnn/node";

const EPOCH = 60_000;
const REPETITIONS = 5;
const MOST_PASSES = 40;

/** The check that a program learns takes at least so many images, again and again. */
const CHECK_IMAGES = 64;

/** Of so many images the probabilities are printed, if a batch has as many. */
const PRINTED = 16;

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "one-conv" },
    filters: { type: "string" },
    images: { type: "string", default: String(EPOCH) },
    "batch-size": { type: "string", default: "64" },
    seconds: { type: "string", default: "3" },
    mode: { type: "string", default: "train" },
    optimizer: { type: "string", default: "sgd" },
    rate: { type: "string", default: "0.05" },
    momentum: { type: "string", default: "0.9" },
    threads: { type: "string", default: String(availableParallelism()) },
    backend: { type: "string" },
    convolution: { type: "string", default: "auto" },
  },
});

const batchSize = Number(values["batch-size"]);
const seconds = Number(values.seconds);

export const options = {
  ...values,
  batchSize,
  rate: Number(values.rate),
  momentum: Number(values.momentum),
  threads: Number(values.threads),
};
export const network = defineModel(
  builtIn(values.model, { ...(values.filters && { filters: Number(values.filters) }) }),
);
/** The fresh weights that every system starts from. */
export const parameters = initialParameters(network, 0);

const { train } = await loadDataset("mnist").catch((error) => quit(error.message));
/** Predicting goes round among so many. */
const MOST_PREDICTED = 1024;
const most = values.mode === "predict" ? MOST_PREDICTED : Number(values.images);
const count = Math.min(most, Number(values.images), train.labels.length);
/** Of an image. */
export const pixels = network.inputShape.reduce((product, extent) => product * extent);
/** `train` holds bytes, as unravel takes them. */
export const data = {
  ...train,
  images: train.images.subarray(0, count * pixels),
  labels: train.labels.subarray(0, count),
};

/** The images as the others take them: float32 from 0 to 1. Made before anything is timed. */
export function floatImages() {
  const floats = new Float32Array(data.images.length);
  for (let k = 0; k < floats.length; k++) floats[k] = data.images[k] / 255;
  return floats;
}

/** The images and labels with the numbers `chosen`, one after the other. */
export function gather(floats, chosen) {
  const images = new Float32Array(chosen.length * pixels);
  for (let k = 0; k < chosen.length; k++) {
    images.set(floats.subarray(chosen[k] * pixels, (chosen[k] + 1) * pixels), k * pixels);
  }
  return { images, labels: Int32Array.from(chosen, (n) => data.labels[n]) };
}

/** A function that trains batch by batch, from one that trains on a batch and returns its mean loss. */
export function batchByBatch(trainBatch) {
  return async (chosen) => {
    let loss = 0;
    for (let first = 0; first < chosen.length; first += batchSize) {
      loss += await trainBatch(chosen.subarray(first, first + batchSize));
    }
    return (loss * batchSize) / chosen.length;
  };
}

/**
 * Measures and prints the line.
 * @param system { system, version, threads }
 * @param work `train(chosen)` trains on the images with these numbers, in batches, and returns their mean loss;
 *   `predict(first)` returns the scores of the batch that begins at image `first`
 */
export async function measure(system, { train: trainOn, predict }) {
  const result = options.mode === "predict" ? await predicting(predict) : await training(trainOn);
  console.log(JSON.stringify({ ...system, ...result }));
}

async function training(trainOn) {
  const order = shuffled(count);
  const size = Math.min(batchSize, count);
  const few = order.slice(0, size * Math.ceil(CHECK_IMAGES / size));
  const lossBefore = await trainOn(few);
  let lossAfter = lossBefore;
  let took = 0;
  for (let k = 0; k < MOST_PASSES && !(lossAfter < 0.9 * lossBefore); k++) {
    const began = performance.now();
    lossAfter = await trainOn(few);
    took = (performance.now() - began) / 1000;
  }
  if (!(lossAfter < 0.9 * lossBefore)) {
    quit(`The loss went from ${lossBefore} to ${lossAfter}: it should have fallen.`);
  }
  let next = 0;
  const { times, steps } = await repeated((took * size) / few.length, async (batches) => {
    const chosen = Uint32Array.from({ length: batches * size }, () => order[next++ % count]);
    const began = performance.now();
    await trainOn(chosen);
    return (performance.now() - began) / 1000;
  });
  const secondsPerEpoch = times.map((time) => (time * EPOCH) / size);
  return { secondsPerEpoch, images: steps * size * times.length, lossBefore, lossAfter };
}

async function predicting(predict) {
  const batches = Math.max(1, Math.floor(count / batchSize));
  const scores = await predict(0);
  const printed = Math.min(PRINTED, batchSize);
  const logits = { shape: [printed, 10], data: scores.subarray(0, printed * 10) };
  const probabilities = Array.from(softmax(logits).data, (value) => Number(value.toFixed(6)));
  const start = performance.now(); // the first call may have compiled something
  await predict(0);
  const took = (performance.now() - start) / 1000;
  let next = 0;
  const { times, steps } = await repeated(took, async (calls) => {
    const began = performance.now();
    for (let k = 0; k < calls; k++) await predict((next++ % batches) * batchSize);
    return (performance.now() - began) / 1000;
  });
  return {
    imagesPerSecond: times.map((time) => batchSize / time),
    milliseconds: times.map((time) => time * 1000),
    images: steps * batchSize * times.length,
    probabilities,
  };
}

/**
 * Warms up for a quarter of the time, then lets `run` do as many steps as fit into a fifth of the time, five times. Where
 * one step takes longer than that, it is repeated less often, and the steps of the check have been the warm-up.
 * @param perStep about how many seconds a step takes
 * @param run does so many steps and returns the seconds
 * @returns the seconds of a step, for each repetition
 */
async function repeated(perStep, run) {
  const warm = performance.now() + 250 * seconds;
  for (let steps = 1; perStep < seconds / 4 && performance.now() < warm; steps *= 2) {
    perStep = (await run(steps)) / steps;
  }
  const steps = Math.max(1, Math.round(seconds / REPETITIONS / perStep));
  const times = [];
  const end = performance.now() + 1000 * seconds;
  do times.push((await run(steps)) / steps);
  while (times.length < REPETITIONS && performance.now() + 500 * steps * perStep < end);
  return { times, steps };
}

/** The numbers below `length` in a random order, always the same. */
function shuffled(length) {
  let state = 2;
  const random = () => {
    state ^= state << 13; // xorshift
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const order = Uint32Array.from({ length }, (_, n) => n);
  for (let n = length - 1; n > 0; n--) {
    const other = random() % (n + 1);
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}

/** One sentence for the person, and no result. */
export function quit(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
