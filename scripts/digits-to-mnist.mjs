/**
 * How much of MNIST do drawn digits teach? Trains on drawn digits alone and tests on MNIST's test images: the figures in
 * docs/data.md. Build first; MNIST is looked for in $UNRAVEL_DATA/mnist.
 *
 *   node scripts/digits-to-mnist.mjs [--models one-conv,lenet5] [--seeds 1,2,3] [--epochs 3] [--limit 60000] [--on test]
 *
 * `--on train` tests on MNIST's training images instead, which is what tuning may look at.
 */
import { builtInModels, createEngine, evaluate, fit } from "unravel-cnn";
import { loadData, loadDataset } from "unravel-cnn/node";
import { readArguments } from "./arguments.mjs";

const values = readArguments({
  models: "one-conv,lenet5",
  seeds: "1,2,3",
  epochs: 3,
  limit: 60000,
  on: "test",
});
const seeds = values.seeds.split(",").map(Number);
const { epochs } = values;
const names = values.models.split(",");
for (const name of names) {
  if (!Object.hasOwn(builtInModels, name)) throw new Error(`There is no built-in model ${name}.`);
}
if (values.on !== "test" && values.on !== "train") {
  console.error(`--on must be test or train, not ${values.on}.`);
  process.exit(2);
}

const percent = (share) => `${(100 * share).toFixed(2)}%`;

const real = (await loadDataset("mnist"))[values.on];
const start = performance.now();
const { train: drawn, test: drawnTest } = await loadData("digits", { trainCount: values.limit });
const count = drawn.labels.length + drawnTest.labels.length;
console.log(`${count} digits drawn in ${((performance.now() - start) / 1000).toFixed(1)} s`);

for (const name of names) {
  const accuracies = [];
  for (const seed of seeds) {
    const engine = await createEngine(builtInModels[name](), { seed });
    // biome-ignore lint/suspicious/noFocusedTests: this fit trains a network
    const history = await fit(engine, drawn, { epochs, seed });
    const { accuracy } = await evaluate(engine, real);
    await engine.close();
    accuracies.push(accuracy);
    const last = history.epochs[epochs - 1];
    console.log(
      `${name}, seed ${seed}, ${epochs} epochs (${engine.name} engine): ${percent(last.accuracy)} of the drawn digits while training on them, ` +
        `${percent(accuracy)} of MNIST's ${values.on} images`,
    );
  }
  const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
  console.log(
    `${name}: ${percent(mean)} of MNIST's ${values.on} images on average over ${seeds.length} seeds ` +
      `(${percent(Math.min(...accuracies))} to ${percent(Math.max(...accuracies))})`,
  );
}
