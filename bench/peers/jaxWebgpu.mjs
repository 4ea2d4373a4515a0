// The networks of bench/webgpu.mjs with jax-js on WebGPU, on made-up images that lie on the device as floats, batch by batch:
//
//   node bench/peers/jaxWebgpu.mjs [--networks lenet5,resnet] [--batches 64,1024] [--images 59392] [--rounds 5] [--seconds 1]
//
// A step of SGD with momentum is one compiled function (jit); running statistics are left out. Needs the packages `webgpu` and
// @jax-js/jax where Node can find them (bench/peers/run.mjs installs the second). Prints one JSON object for each line.
import { parseArgs } from "node:util";
import {
  convnet,
  defineModel,
  initialParameters,
  lenet5,
  oneConv,
  resnet,
} from "../../packages/core/dist/index.js";

const { values } = parseArgs({
  options: {
    networks: { type: "string", default: "one-conv,lenet5,convnet,resnet" },
    batches: { type: "string", default: "64,128,1024" },
    images: { type: "string", default: "59392" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
  },
});
const list = (text) => text.split(",").filter(Boolean);
const specs = { "one-conv": oneConv(), lenet5: lenet5(), convnet: convnet(), resnet: resnet() };
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

const { create, globals } = await import("webgpu");
Object.assign(globalThis, globals);
// Node has no `navigator`, or one without a GPU; jax-js looks there
Object.defineProperty(globalThis, "navigator", { value: { gpu: create([]), userAgent: "Node" } });
const {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  numpy: np,
  tree,
  valueAndGrad,
} = await import("@jax-js/jax");
const { functionsOf } = await import("./jaxNetwork.mjs");
await init("webgpu");
defaultDevice("webgpu");

for (const name of list(values.networks)) {
  const model = defineModel(specs[name]);
  const size = model.inputShape.reduce((a, b) => a * b);
  for (const batchSize of list(values.batches).map(Number)) {
    const initial = initialParameters(model, 1);
    const arrays = (make) =>
      Object.fromEntries(model.parameters.map(({ fullName }) => [fullName, make(initial[fullName])]));
    let weights = arrays(({ data, shape }) => np.array(data, { shape }));
    let velocities = arrays(({ shape }) => np.zeros(shape));
    const step = jit(functionsOf(model, { rate: 1e-4, momentum: 0.9 }, valueAndGrad).step);
    const batches = Array.from({ length: Math.floor(Number(values.images) / batchSize) }, (_, k) => {
      const first = k * batchSize * size;
      const pixels = Float32Array.from(
        { length: batchSize * size },
        (_, n) => (Math.imul(first + n, 2654435761) >>> 24) / 255,
      );
      const oneHot = new Float32Array(batchSize * 10);
      for (let n = 0; n < batchSize; n++) oneHot[10 * n + ((k * batchSize + n) % 10)] = 1;
      return [
        np.array(pixels, { shape: [batchSize, ...model.inputShape] }),
        np.array(oneHot, { shape: [batchSize, 10] }),
      ];
    });
    const losses = [];
    const train = async (some) => {
      let last;
      for (const [x, y] of some) {
        last?.dispose();
        [last, weights, velocities] = step(weights, velocities, x.ref, y.ref);
      }
      await blockUntilReady(weights);
      losses.push((await last.data())[0]);
    };
    await train(batches.slice(0, 1));
    await train(batches.slice(0, 3));
    const perStep = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const start = performance.now();
      let steps = 0;
      while (performance.now() - start < 1000 * Number(values.seconds)) {
        await train(batches);
        steps += batches.length;
      }
      perStep.push((performance.now() - start) / steps);
    }
    const milliseconds = median(perStep);
    console.log(
      JSON.stringify({
        system: "jax-js",
        network: name,
        batchSize,
        milliseconds,
        imagesPerSecond: (1000 * batchSize) / milliseconds,
        all: perStep,
        losses: losses.slice(0, 2),
      }),
    );
    tree.dispose([weights, velocities, batches]);
  }
}
process.exit();
