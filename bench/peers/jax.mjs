// jax-js on WebAssembly, for bench/peers/run.mjs. A whole training step is one compiled function (jit).
import { readFile } from "node:fs/promises";
import {
  batchByBatch,
  floatImages,
  gather,
  measure,
  network,
  options,
  parameters,
  pixels,
} from "./measuring.mjs";
import { provideWorkers } from "./workers.mjs";

if (options.threads > 1) provideWorkers(options.threads);
const { blockUntilReady, defaultDevice, init, jit, numpy: np, valueAndGrad } = await import("@jax-js/jax");
const { functionsOf } = await import("./jaxNetwork.mjs");
const { version } = JSON.parse(
  await readFile(new URL("./node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"),
);
const { batchSize } = options;
await init("wasm");
defaultDevice("wasm");

const names = Object.keys(parameters);
const arrays = (make) => Object.fromEntries(names.map((name) => [name, make(parameters[name])]));
let weights = arrays(({ data, shape }) => np.array(data, { shape }));
let velocities = arrays(({ shape }) => np.zeros(shape));
const functions = functionsOf(network, options, valueAndGrad);
const step = jit(functions.step);
const scores = jit(functions.scores);
const floats = floatImages();

async function trainBatch(chosen) {
  const { images, labels } = gather(floats, chosen);
  const x = np.array(images, { shape: [chosen.length, 1, 28, 28] });
  const oneHot = new Float32Array(chosen.length * 10);
  for (const [k, label] of labels.entries()) oneHot[10 * k + label] = 1;
  const y = np.array(oneHot, { shape: [chosen.length, 10] });
  const [loss, ...next] = step(weights, velocities, x, y);
  [weights, velocities] = next;
  await blockUntilReady(next);
  return (await loss.data())[0];
}

await measure(
  { system: "jax-js, wasm", version, threads: options.threads },
  {
    train: batchByBatch(trainBatch),
    predict: async (first) => {
      const images = floats.slice(first * pixels, (first + batchSize) * pixels);
      const kept = Object.fromEntries(names.map((name) => [name, weights[name].ref]));
      return scores(kept, np.array(images, { shape: [batchSize, 1, 28, 28] })).data();
    },
  },
);
process.exit(); // its threads would keep it alive
