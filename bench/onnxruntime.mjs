// How long predictions take here, strict and on one thread, and in onnxruntime-web from the exported file, on all threads or on --threads.
//
//   npm run build && npm install --no-save onnxruntime-web@1.30.0 && node bench/onnxruntime.mjs [--rounds 7] [--seconds 1] [--threads 1]
//
// Both take the same bytes and normalise them themselves (`--pixels`), batches of 256 images and single ones. They take turns in one
// process; a round counts as many calls as fit into --seconds, and medians of the rounds are printed. The scores are compared, too.
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg } from "node:os";
import { convnet, createEngine, defineModel, initialParameters, lenet5, resnet } from "unravel-cnn";
import { readArguments } from "../scripts/arguments.mjs";

const { rounds, seconds, threads } = readArguments({
  rounds: 7,
  seconds: 1,
  threads: availableParallelism(),
});
const { exportModel } = await import(new URL("../packages/files/bundle/index.js", import.meta.url));

let ort;
try {
  ort = createRequire(import.meta.url)("onnxruntime-web");
} catch {
  process.stderr.write("onnxruntime-web is not installed: npm install --no-save onnxruntime-web@1.30.0\n");
  process.exit(1);
}
ort.env.wasm.numThreads = threads;
ort.env.logLevel = "error";

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Milliseconds of a call, from as many as fit into a round. */
async function timed(call) {
  const begin = performance.now();
  let calls = 0;
  let end = begin;
  while (end - begin < 1000 * seconds) {
    await call();
    calls++;
    end = performance.now();
  }
  return (end - begin) / calls;
}

console.log(
  `${cpus()[0].model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.version}, onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`,
);
console.log(
  `| network | images | here, strict, 1 thread | onnxruntime-web, ${threads} | ratio | scores apart |`,
);
console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
for (const [name, spec] of Object.entries({ lenet5: lenet5(), convnet: convnet(), resnet: resnet() })) {
  const model = defineModel(spec);
  const parameters = initialParameters(model, 0);
  const [{ bytes }] = await exportModel({ model, parameters }, "onnx", { pixels: true });
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    logSeverityLevel: 3,
  });
  const engine = await createEngine(spec, { threads: 0, strict: true, parameters });
  for (const images of [256, 1]) {
    const pixels = Uint8Array.from(
      { length: images * model.inputShape.reduce((a, b) => a * b) },
      (_, k) => (k * k * 31) % 251,
    );
    const input = new ort.Tensor("uint8", pixels, [images, ...model.inputShape]);
    const here = () => engine.logits(pixels, { batchSize: images });
    const there = () => session.run({ x: input });
    const [mine, { scores }] = [await here(), await there()];
    const apart = mine.reduce((most, value, k) => Math.max(most, Math.abs(value - scores.data[k])), 0);
    const times = { here: [], there: [] };
    for (let round = 0; round < rounds; round++) {
      times.here.push(await timed(here));
      times.there.push(await timed(there));
    }
    const [ms, theirs] = [median(times.here), median(times.there)];
    console.log(
      `| ${name} | ${images} | ${ms.toFixed(3)} ms | ${theirs.toFixed(3)} ms | ${(ms / theirs).toFixed(2)} | ${apart.toExponential(1)} |`,
    );
  }
  await engine.close();
  await session.release();
}
process.exit(); // its threads would keep it alive
