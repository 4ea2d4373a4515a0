// What can only be seen on a real GPU, in less than six minutes, on made-up images: `node bench/gpuChecks.mjs [--only auto,bits,loss,memory]
// [--seconds 0.5] [--steps 2000]`. Which engine `auto` takes, beside the true times of a step on both; that two trainings give the same
// bits; that a device that is lost leaves the training to WebAssembly; that steps take no more memory. Needs the package `webgpu`
// where Node can find it. Prints one JSON object for each line, and ends with 1 if something isn't as it should be.
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { convnet, createEngine, lenet5, oneConv, resnet } from "../packages/core/dist/index.js";
import { nodeGpu } from "../packages/core/dist/node/index.js";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "auto,bits,loss,memory" },
    networks: { type: "string", default: "one-conv,lenet5,convnet,resnet" },
    batches: { type: "string", default: "64,128,1024" },
    seconds: { type: "string", default: "0.5" },
    steps: { type: "string", default: "2000" },
  },
});
const list = (text) => text.split(",").filter(Boolean);
const specs = { "one-conv": oneConv(), lenet5: lenet5(), convnet: convnet(), resnet: resnet() };
const optimizer = { type: "sgd", momentum: 0.9 };
const say = (line) => console.log(JSON.stringify(line));
const round = (value) => Number(value.toPrecision(3));
const begin = performance.now();
const isDone = (check, ok, more) => {
  if (!ok) process.exitCode = 1;
  say({ check, ok, ...more, atSeconds: Math.round((performance.now() - begin) / 1000) });
};

function madeUp(spec, count) {
  const size = spec.input.reduce((a, b) => a * b);
  return {
    name: "made up",
    shape: spec.input,
    images: Uint8Array.from({ length: size * count }, (_, k) => Math.imul(k, 2654435761) >>> 24),
    labels: Uint8Array.from({ length: count }, (_, k) => k % 10),
    classes: Array.from({ length: 10 }, (_, k) => String(k)),
  };
}

/** @returns milliseconds; each round trains at least one step */
async function timeSteps(engine, data, batchSize) {
  const run = await engine.startTraining(data, { batchSize, optimizer });
  const count = data.labels.length;
  const train = async (steps) => {
    const order = Uint32Array.from({ length: steps * batchSize }, (_, k) => k % count);
    const start = performance.now();
    await run.epoch(order, new Float64Array(steps).fill(1e-4));
    return performance.now() - start;
  };
  const first = await train(2);
  const limit = 1000 * Number(values.seconds);
  // what has to be compiled is not counted, unless nothing else could be
  if (first > 4 * limit) return first / 2;
  let [spent, steps] = [0, 0];
  for (let many = 2; spent < limit; many = Math.min(512, 2 * many)) {
    spent += await train(many);
    steps += many;
  }
  await run.close();
  return spent / steps;
}

/** Whether `auto` takes the engine that is faster when both are timed for longer. */
async function auto(name, batchSize) {
  const spec = specs[name];
  const data = madeUp(spec, 4 * batchSize);
  const milliseconds = {};
  for (const engine of ["wasm", "webgpu"]) {
    const one = await createEngine(spec, { engine, gpu: nodeGpu, seed: 1 });
    milliseconds[engine] = round(await timeSteps(one, data, batchSize));
    if (one.name !== engine) throw new Error(one.changes[0].reason);
    await one.close();
  }
  const start = performance.now();
  const training = { batchSize, optimizer };
  const engine = await createEngine(spec, { engine: "auto", gpu: nodeGpu, seed: 1, training });
  const { choice } = engine;
  const seconds = round((performance.now() - start) / 1000);
  const other = engine.name === "wasm" ? "webgpu" : "wasm";
  await engine.close();
  // where both take the same time, either is right
  const ok = milliseconds[engine.name] <= 1.25 * milliseconds[other];
  const said = { wasm: choice.milliseconds.wasm, webgpu: choice.milliseconds.webgpu };
  isDone("auto", ok, { network: name, batchSize, takes: choice.engine, milliseconds, said, seconds });
}

const hashOf = (tensors) => {
  const hash = createHash("sha256");
  for (const { data } of Object.values(tensors)) hash.update(new Uint8Array(data.buffer));
  return hash.digest("hex").slice(0, 16);
};

async function bits(name) {
  const spec = specs[name];
  const data = madeUp(spec, 2048);
  const hashes = [];
  for (let time = 0; time < 2; time++) {
    const engine = await createEngine(spec, { engine: "webgpu", gpu: nodeGpu, seed: 1 });
    const run = await engine.startTraining(data, { batchSize: 128, optimizer });
    const order = Uint32Array.from({ length: 2048 }, (_, k) => (k * 5) % 2048);
    for (let epoch = 1; epoch <= 3; epoch++)
      await run.epoch(order, new Float64Array(16).fill(1e-3), { epoch });
    hashes.push(`${engine.name} ${hashOf(engine.parameters())}`);
    await engine.close();
  }
  const ok = hashes[0] === hashes[1] && hashes[0].startsWith("webgpu");
  isDone("the same bits twice", ok, { network: name, steps: 48, hashes });
}

/** The GPU of Node, whose devices are handed to `seen`. */
function tapped(seen) {
  return {
    async requestAdapter(options) {
      const adapter = await nodeGpu.requestAdapter(options);
      const request = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        const device = await request(descriptor);
        seen(device);
        return device;
      };
      return adapter;
    },
  };
}

/** Loses the device in the middle of an epoch, and compares with a training in WebAssembly alone. */
async function loss(name) {
  const spec = specs[name];
  const data = madeUp(spec, 4096);
  const order = Uint32Array.from({ length: 4096 }, (_, k) => (k * 5) % 4096);
  const rates = new Float64Array(128).fill(1e-4);
  const results = [];
  for (const isLost of [true, false]) {
    let device;
    const gpu = tapped((given) => {
      device = given;
    });
    const told = [];
    const engine = await createEngine(spec, {
      ...(isLost && { engine: "webgpu", gpu, onChange: (change) => told.push(change) }),
      seed: 1,
    });
    const run = await engine.startTraining(data, { batchSize: 32, optimizer });
    await run.epoch(order, rates, { epoch: 1 });
    const totals = await run.epoch(order, rates, {
      epoch: 2,
      onProgress: ({ images }) => isLost && images > 1024 && device.destroy(),
    });
    const { steps, parameters } = await run.state();
    results.push({ name: engine.name, told, steps, images: totals.images, loss: totals.loss, parameters });
    await engine.close();
  }
  const [lost, whole] = results;
  let furthest = 0;
  for (const [parameter, { data }] of Object.entries(whole.parameters)) {
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
    for (const [k, value] of data.entries())
      furthest = Math.max(furthest, Math.abs(value - lost.parameters[parameter].data[k]) / largest);
  }
  const [change] = lost.told;
  const ok =
    lost.name === "wasm" &&
    lost.told.length === 1 &&
    lost.steps === 256 &&
    lost.images === 4096 &&
    furthest < 0.01;
  isDone("a lost device", ok, { network: name, ...change, steps: lost.steps, furthest: round(furthest) });
}

async function memory(name, steps) {
  let [buffers, bytes] = [0, 0];
  const gpu = tapped((device) => {
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      buffers++;
      bytes += descriptor.size;
      return create(descriptor);
    };
  });
  const spec = specs[name];
  const data = madeUp(spec, 2048);
  const engine = await createEngine(spec, { engine: "webgpu", gpu, seed: 1 });
  const run = await engine.startTraining(data, { batchSize: 64, optimizer });
  const order = Uint32Array.from({ length: 2048 }, (_, k) => k);
  const train = () => run.epoch(order, new Float64Array(32).fill(1e-4));
  await train();
  global.gc?.();
  const before = { buffers, bytes, process: process.memoryUsage.rss() };
  for (let done = 32; done < steps; done += 32) await train();
  global.gc?.();
  const after = { buffers, bytes, process: process.memoryUsage.rss() };
  const ok = engine.name === "webgpu" && after.buffers === before.buffers && after.bytes === before.bytes;
  const grown = Math.round((after.process - before.process) / 2 ** 20);
  isDone("memory", ok, { network: name, steps, ...after, processGrownByMB: grown });
  await engine.close();
}

const networks = list(values.networks);
const checks = {
  bits: async () => {
    for (const name of networks) await bits(name);
  },
  loss: async () => {
    for (const name of networks.slice(0, 2)) await loss(name);
  },
  memory: () => memory(networks[0], Number(values.steps)),
  auto: async () => {
    for (const name of networks) for (const batch of list(values.batches)) await auto(name, Number(batch));
  },
};
for (const name of Object.keys(checks)) if (list(values.only).includes(name)) await checks[name]();
process.exit();
