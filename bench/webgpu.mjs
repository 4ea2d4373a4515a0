// How fast the built-in networks train on a GPU, on made-up images: `node bench/webgpu.mjs [--networks lenet5,resnet]
// [--batches 64,1024] [--images 59392] [--profile convnet:1024] [--rounds 5] [--seconds 1]`. An epoch has about as many images as
// MNIST's. `--tuning` puts others in the place of the numbers in compiler/webgpu/tuning.ts: '{"tiledFrom":1e8}' tiles large dense
// layers. Needs the package `webgpu` where Node can find it; `python3 bench/peers/webgpu.py` is the same with PyTorch and CUDA.
// Prints one JSON object for each line.
import { parseArgs } from "node:util";
import { TUNING } from "../packages/core/dist/compiler/webgpu/tuning.js";
import { convnet, createEngine, lenet5, oneConv, profileOnGpu, resnet } from "../packages/core/dist/index.js";
import { nodeGpu as gpu } from "../packages/core/dist/node/index.js";

const { values } = parseArgs({
  options: {
    networks: { type: "string", default: "one-conv,lenet5,convnet,resnet" },
    batches: { type: "string", default: "64,128,1024" },
    images: { type: "string", default: "59392" },
    profile: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    tuning: { type: "string", default: "{}" },
  },
});
const list = (text) => text.split(",").filter(Boolean);
Object.assign(TUNING, JSON.parse(values.tuning));

const specs = { "one-conv": oneConv(), lenet5: lenet5(), convnet: convnet(), resnet: resnet() };
const specOf = (name) => specs[name];
const say = (line) => console.log(JSON.stringify(line));
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const optimizer = { type: "sgd", momentum: 0.9 };

for (const one of list(values.profile)) {
  const [name, batch] = one.split(":");
  const profile = await profileOnGpu(specOf(name), { batchSize: Number(batch), optimizer, gpu, rounds: 41 });
  const { kernels, ...rest } = profile;
  say({
    profile: one,
    ...rest,
    microseconds: kernels.reduce((sum, { microseconds }) => sum + microseconds, 0),
  });
  for (const kernel of kernels) say({ kernel: kernel.name, ...kernel });
}

for (const name of list(values.networks)) {
  const spec = specOf(name);
  const size = spec.input.reduce((a, b) => a * b);
  for (const batchSize of list(values.batches).map(Number)) {
    const count = Number(values.images);
    const images = Uint8Array.from({ length: size * count }, (_, k) => Math.imul(k, 2654435761) >>> 24);
    const labels = Uint8Array.from({ length: count }, (_, k) => k % 10);
    const data = {
      name: "made up",
      shape: spec.input,
      images,
      labels,
      classes: Array.from({ length: 10 }, (_, k) => String(k)),
    };
    const engine = await createEngine(spec, { engine: "webgpu", gpu, seed: 1 });
    const begin = performance.now();
    const run = await engine.startTraining(data, { batchSize, optimizer });
    const order = Uint32Array.from({ length: count }, (_, k) => k);
    const rates = new Float64Array(Math.ceil(count / batchSize)).fill(1e-4);
    await run.epoch(order, rates);
    const startSeconds = (performance.now() - begin) / 1000;
    const perStep = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const start = performance.now();
      let steps = 0;
      while (performance.now() - start < 1000 * Number(values.seconds)) {
        steps += (await run.epoch(order, rates)).steps;
      }
      perStep.push((performance.now() - start) / steps);
    }
    if (engine.name !== "webgpu") throw new Error(engine.changes[0].reason);
    const milliseconds = median(perStep);
    say({
      network: name,
      batchSize,
      milliseconds,
      imagesPerSecond: (1000 * batchSize) / milliseconds,
      all: perStep,
      startSeconds,
      adapter: engine.adapter,
    });
    await run.close();
    await engine.close();
  }
}
process.exit();
