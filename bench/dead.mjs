// How fast a network trains whose only filter has died, beside one that lives: the table of docs/performance.md.
//
//   npm run compile && node --experimental-wasm-relaxed-simd bench/dead.mjs [--rounds 5] [--seconds 0.1] [--steps 100000] [--strict]
//
// Each network learns for a while. Then a copy of it gets a bias so low that no image passes its ReLU, as one step that was too
// long leaves it, and goes on for --steps steps: what the optimizer remembers fades away. The two are timed in turns, on one thread,
// by the CPU time that they take, which other programs disturb less.
import { cpus, loadavg } from "node:os";
import { createEngine, drawPair, oneConv, Training } from "unravel-cnn";
import { readArguments } from "../scripts/arguments.mjs";

const { rounds, seconds, steps, strict } = readArguments({
  rounds: 5,
  seconds: 0.1,
  steps: 100_000,
  strict: false,
});
const say = (text) => process.stderr.write(`${text}\n`);

const sgd = { type: "sgd", momentum: 0.9 };
const optimizers = [
  ["SGD, momentum 0.9", sgd, 0.002],
  ["the same, weight decay 0.001", { ...sgd, weightDecay: 0.001 }, 0.002],
  ["Adam", { type: "adam" }, 0.001],
  ["the same, weight decay 0.001", { type: "adam", weightDecay: 0.001 }, 0.001],
  ["AdamW, weight decay 0", { type: "adamw", weightDecay: 0 }, 0.001],
  ["AdamW, weight decay 0.01", { type: "adamw" }, 0.001],
];
const batchSizes = [1, 8, 64];

const { train: data } = await drawPair(0, { trainCount: 4096, testCount: 1 });
const engine = await createEngine(oneConv({ filters: 1 }), { seed: 0, strict, threads: 0 });

/** A training that goes on from a state, with room for many steps. */
function open(optimizer, learningRate, batchSize, state) {
  const settings = { epochs: 1e6, schedule: "constant", optimizer, learningRate, batchSize };
  return Training.open(engine, data, settings, state);
}

async function goOn(optimizer, learningRate, state, count) {
  const training = await open(optimizer, learningRate, 1, state);
  for (let done = 0; done < count; ) done += (await training.advance(count - done)).steps;
  const reached = await training.state();
  await training.close();
  return reached;
}

/** Images for each second of this process's CPU time, in about so many seconds after a warm-up. */
async function speed(optimizer, learningRate, batchSize, state) {
  const training = await open(optimizer, learningRate, batchSize, state);
  const train = async (seconds) => {
    const start = process.cpuUsage();
    for (let images = 0; ; ) {
      images += (await training.advance(Math.max(1, Math.floor(512 / batchSize)))).images;
      const { user, system } = process.cpuUsage(start);
      if (user + system > 1e6 * seconds) return (1e6 * images) / (user + system);
    }
  };
  await train(seconds / 2);
  const measured = await train(seconds);
  await training.close();
  return measured;
}

const load = loadavg()[0];
console.log(
  "| optimizer | batch | alive, images a second of CPU | dead | dead to alive |\n|---|---|---|---|---|",
);
for (const [name, optimizer, learningRate] of optimizers) {
  say(`${name}: ${steps} steps`);
  const alive = await goOn(optimizer, learningRate, undefined, 2000);
  const bias = { ...alive.parameters["conv1.bias"], data: Float32Array.of(-100) };
  const died = { ...alive, parameters: { ...alive.parameters, "conv1.bias": bias } };
  const dead = await goOn(optimizer, learningRate, died, steps);
  for (const batchSize of batchSizes) {
    const speeds = { alive: [], dead: [] };
    for (let round = 1; round <= rounds; round++) {
      speeds.alive.push(await speed(optimizer, learningRate, batchSize, alive));
      speeds.dead.push(await speed(optimizer, learningRate, batchSize, dead));
    }
    const cells = [speeds.alive, speeds.dead].map(
      (all) => `${whole(median(all))} (${whole(Math.min(...all))} to ${whole(Math.max(...all))})`,
    );
    const ratio = (median(speeds.dead) / median(speeds.alive)).toFixed(2);
    console.log(`| ${name} | ${batchSize} | ${cells.join(" | ")} | ${ratio} |`);
  }
}
await engine.close();
console.log(
  `\n${cpus()[0].model.trim()}, one thread, Node ${process.version}, ${engine.strict ? "strict" : "relaxed SIMD"}, load before ${load.toFixed(1)}`,
);

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function whole(value) {
  return Math.round(value).toLocaleString("en-US");
}
