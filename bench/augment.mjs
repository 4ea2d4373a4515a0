/**
 * What `augment: "auto"` adds to the time of an epoch:
 *
 *     node bench/augment.mjs [--rounds 12] [--augment auto]
 *
 * Each network trains on noise, with and without, in turns of half a second, on one thread; what is compared is the time that the processor
 * worked for them, which other programs lengthen less than they do the clock's. A ratio compares two turns that lie next to each other; in
 * every other pair the one with comes first. Prints the median of the ratios, and the middle half of them. Batches of 32.
 */
import { parseArgs } from "node:util";
import { createEngine, defineModel, lenet5, noise, oneConv, resnet, Training } from "unravel-cnn";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "12" },
    augment: { type: "string", default: "auto" },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a whole number of at least 1, not ${values.rounds}.`);
  process.exit(2);
}

const BATCH = 32;
const TURN_MS = 500;
const photo = { input: [3, 32, 32] };
const networks = {
  "one-conv, 1x28x28": oneConv(),
  "lenet5, 1x28x28": lenet5(),
  "lenet5, 3x32x32": lenet5(photo),
  "resnet, 1x28x28": resnet(),
  "resnet, 3x32x32": resnet(photo),
};

async function open(spec, augment) {
  const model = defineModel(spec);
  const { images, labels } = noise(model, 100 * BATCH);
  const data = { name: "noise", shape: model.inputShape, classes: model.classes, images, labels };
  const engine = await createEngine(spec, { threads: 1 });
  const settings = { epochs: 1_000_000, batchSize: BATCH, learningRate: 1e-5, schedule: "constant" };
  const training = await Training.open(engine, data, { ...settings, ...augment });
  const time = async (steps) => {
    const start = process.cpuUsage();
    for (let left = steps; left > 0; ) left -= (await training.advance(left)).steps;
    return process.cpuUsage(start).user / 1000;
  };
  return { engine, training, time };
}

const at = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.round(share * (numbers.length - 1))];

for (const [name, spec] of Object.entries(networks)) {
  const plain = await open(spec, {});
  const changed = await open(spec, { augment: values.augment });
  for (const { time } of [plain, changed]) await time(40);
  const steps = Math.max(10, Math.round((TURN_MS / (await plain.time(40))) * 40));
  const ratios = [];
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [plain, changed] : [changed, plain];
    const measured = new Map();
    for (const one of order) measured.set(one, await one.time(steps));
    times.push(measured.get(plain));
    ratios.push(measured.get(changed) / measured.get(plain));
  }
  const percent = (ratio) => `${(100 * (ratio - 1)).toFixed(1)}%`;
  const speed = (1000 * steps * BATCH) / at(times, 0.5);
  console.log(
    `${name}: ${Math.round(speed).toLocaleString("en-US")} images/s without, ${percent(at(ratios, 0.5))} longer with (${percent(at(ratios, 0.25))} to ${percent(at(ratios, 0.75))})`,
  );
  for (const { engine, training } of [plain, changed]) {
    await training.close();
    await engine.close();
  }
}
