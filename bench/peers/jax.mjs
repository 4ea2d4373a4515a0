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
const {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy: np,
  valueAndGrad,
} = await import("@jax-js/jax");
const { version } = JSON.parse(
  await readFile(new URL("./node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"),
);
const { batchSize, rate, momentum } = options;
await init("wasm");
defaultDevice("wasm");

// Every use of an array but the last is `.ref`: jax-js counts references and frees what has none.
const apply = {
  conv2d: (x, { name, resolved: { padding } }, weights) => {
    const [top, right, bottom, left] = padding;
    const bias = weights[`${name}.bias`].reshape([1, -1, 1, 1]);
    return lax
      .conv(
        x,
        weights[`${name}.weight`],
        [1, 1],
        [
          [top, bottom],
          [left, right],
        ],
      )
      .add(bias);
  },
  relu: (x) => nn.relu(x),
  maxPool2d: (x) => lax.reduceWindow(x, (window) => np.max(window), [2, 2], [2, 2]),
  flatten: (x) => x.reshape([x.shape[0], -1]),
  dense: (x, { name }, weights) =>
    np.matmul(x, weights[`${name}.weight`].transpose()).add(weights[`${name}.bias`]),
};
const scoresOf = (weights, x) =>
  network.layers.reduce((value, layer) => apply[layer.spec.type](value, layer, weights), x);
const lossOf = (weights, x, y) =>
  nn
    .logSoftmax(scoresOf(weights, x))
    .mul(y)
    .sum()
    .mul(-1 / batchSize);

const names = Object.keys(parameters);
const arrays = (make) => Object.fromEntries(names.map((name) => [name, make(parameters[name])]));
let weights = arrays(({ data, shape }) => np.array(data, { shape }));
let velocities = arrays(({ shape }) => np.zeros(shape));

const step = jit((weights, velocities, x, y) => {
  const kept = Object.fromEntries(names.map((name) => [name, weights[name].ref]));
  const [loss, gradients] = valueAndGrad(lossOf)(weights, x, y);
  const next = [{}, {}];
  for (const name of names) {
    const velocity = velocities[name].mul(momentum).add(gradients[name]);
    next[1][name] = velocity.ref;
    next[0][name] = kept[name].sub(velocity.mul(rate));
  }
  return [loss, ...next];
});
const scores = jit(scoresOf);
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
