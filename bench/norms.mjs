/**
 * What batch normalisation, dropout and label smoothing add to a training step of convnet, and how fast resnet trains:
 *
 *     node bench/norms.mjs [--rounds 8]
 *
 * The networks are trained in turns, so that what else the machine does meets all of them; medians of the rounds. Batches of 128
 * made-up images, SGD with momentum, all cores. `python3 bench/peers/norms.py` does two of them with PyTorch.
 */
import { parseArgs } from "node:util";
import { convnet, createEngine, defineModel, noise, resnet, fit as train } from "unravel-cnn";

const BATCH = 128;
const BATCHES = 10;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "8" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a whole number of at least 1, not ${values.rounds}.`);
  process.exit(2);
}

const plain = convnet();
/** convnet with more layers behind some of its own. */
const withLayers = (behind) => ({
  ...plain,
  layers: plain.layers.flatMap((layer) => [layer, ...(behind(layer) || [])]),
});
const networks = {
  convnet: plain,
  "convnet, a norm after each convolution": withLayers(
    ({ type }) => type === "conv2d" && [{ type: "batchNorm2d" }],
  ),
  "convnet, dropout after pool and dense": withLayers(
    ({ type, units }) => (type === "maxPool2d" || units === 128) && [{ type: "dropout", rate: 0.25 }],
  ),
  "convnet, label smoothing": { ...plain, loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 } },
  resnet: resnet(),
};

const runs = [];
for (const [name, spec] of Object.entries(networks)) {
  const model = defineModel(spec);
  const { images, labels } = noise(model, BATCH * BATCHES);
  const data = { name: "noise", shape: model.inputShape, classes: model.classes, images, labels };
  runs.push({ name, data, engine: await createEngine(spec, { seed: 1 }), speeds: [] });
}
for (let round = 0; round <= rounds; round++) {
  for (const { data, engine, speeds } of runs) {
    const { epochs } = await train(engine, data, {
      epochs: 1,
      batchSize: BATCH,
      optimizer: { type: "sgd", momentum: 0.9 },
      learningRate: 0.001,
    });
    if (round > 0) speeds.push(epochs[0].imagesPerSecond); // the first warms up
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const step = (run) => 1 / median(run.speeds);
for (const run of runs) {
  const more = run.name.startsWith("convnet,")
    ? `, a step ${(step(run) / step(runs[0])).toFixed(2)} x convnet's`
    : "";
  console.log(`${run.name}: ${median(run.speeds).toFixed(0)} images/s${more}`);
}
for (const { engine } of runs) await engine.close();
