// Ordinary trainings, and what is said of them: a network that learns must never be called dead or diverged.
//
//   npm run compile && UNRAVEL_DATA=<folder with mnist/> node scripts/alarms.mjs [--seeds 2] [--images 2000]
//
// Every built-in network, optimizer, schedule and initialisation, batches of 1 to 128, and a third of the usual learning rate, that
// rate and three times it, which is too much for some. What has learnt, and was called dead or diverged, is an alarm that is false.
import * as unravel from "unravel-cnn";
import { loadData } from "unravel-cnn/node";
import { readArguments } from "./arguments.mjs";

const { seeds, images, data } = readArguments({ seeds: 2, images: 2000, data: "mnist" });
const { train, test } = await loadData(data, { trainCount: images });
const few = unravel.firstOf(test, 1000);
/** More than guessing can: of 1,000 images among ten classes. */
const LEARNT = 0.2;

const networks = [
  ["one-conv, 1 filter", unravel.oneConv({ filters: 1 }), images],
  ["one-conv, 8 filters", unravel.oneConv({ filters: 8 }), images],
  ["lenet5", unravel.lenet5(), images],
  ["convnet", unravel.convnet(), images / 10],
];
const optimizers = [
  { type: "sgd", momentum: 0 },
  { type: "sgd", nesterov: true, weightDecay: 1e-3 },
  { type: "adam", weightDecay: 1e-4 },
  { type: "adamw" },
];
const batches = [
  [1, "one-cycle"],
  [8, "constant"],
  [32, "one-cycle"],
  [128, "cosine"],
];

console.log("| network | trainings | learnt | died | diverged | false alarms |\n|---|---|---|---|---|---|");
let alarms = 0;
for (const [name, spec, count] of networks) {
  const counts = { all: 0, learnt: 0, died: 0, diverged: 0, wrong: 0 };
  for (const optimizer of optimizers) {
    for (const [batchSize, schedule] of batches) {
      for (const init of ["he", "normal"]) {
        for (const factor of [1 / 3, 1, 3]) {
          for (let seed = 0; seed < seeds; seed++) {
            const learningRate = factor * unravel.learningRateFor(optimizer, batchSize);
            const engine = await unravel.createEngine(spec, { seed, init });
            let said;
            try {
              const options = { epochs: 2, batchSize, optimizer, schedule, learningRate, seed };
              const { death } = await unravel.fit(engine, unravel.firstOf(train, count), options);
              if (death) said = "died";
            } catch (error) {
              if (!(error instanceof unravel.DivergedError)) throw error;
              said = "diverged";
            }
            // of a network that overflows there is nothing to be measured
            const { accuracy } = await unravel.evaluate(engine, few).catch(() => ({ accuracy: 0 }));
            await engine.close();
            counts.all++;
            if (accuracy > LEARNT) counts.learnt++;
            if (said) counts[said]++;
            if (said && accuracy > LEARNT) {
              counts.wrong++;
              console.error(
                `${name}, ${JSON.stringify(optimizer)}, batches of ${batchSize}, ${schedule}, ${init}, rate ${learningRate}, seed ${seed}: ${said}, ${accuracy}`,
              );
            }
          }
        }
      }
    }
  }
  alarms += counts.wrong;
  console.log(`| ${name} | ${Object.values(counts).join(" | ")} |`);
}
process.exitCode = alarms === 0 ? 0 : 1;
