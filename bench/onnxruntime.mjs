// How long predictions take here, strict and on one thread, in the exported module, and in onnxruntime-web from the exported file, on all
// threads or on --threads.
//
//   npm run build && npm install --no-save onnxruntime-web@1.30.0 && node bench/onnxruntime.mjs [--rounds 7] [--seconds 1] [--threads 1] [--fastest]
//
// All take the same bytes and normalise them themselves (`--pixels`), batches of 256 images and single ones. They take turns in one
// process; a round counts as many calls as fit into --seconds, and medians of the rounds are printed; with --fastest the
// fastest ones: on a busy machine many short rounds, since other programs only ever make one slower. The scores are compared, too.
// Then what has to be loaded besides the weights: the exported module without its weights, and onnxruntime-web's files.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import {
  compileForward,
  convnet,
  createEngine,
  defineModel,
  initialParameters,
  lenet5,
  oneConv,
  resnet,
} from "unravel-cnn";
import { readArguments } from "../scripts/arguments.mjs";

const { rounds, seconds, threads, fastest } = readArguments({
  rounds: 7,
  seconds: 1,
  threads: availableParallelism(),
  fastest: false,
});
const { exportModel } = await import(new URL("../packages/files/bundle/index.js", import.meta.url));
const { pack } = await import(new URL("../packages/files/dist/export/js/pack.js", import.meta.url));

let ort;
try {
  ort = createRequire(import.meta.url)("onnxruntime-web");
} catch {
  process.stderr.write("onnxruntime-web is not installed: npm install --no-save onnxruntime-web@1.30.0\n");
  process.exit(1);
}
ort.env.wasm.numThreads = threads;
ort.env.logLevel = "error";

const typical = (values) => values.toSorted((a, b) => a - b)[fastest ? 0 : Math.floor(values.length / 2)];

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
  `| network | images | library, strict, 1 thread | exported module | onnxruntime-web, ${threads} threads | library is | module is | scores apart |`,
);
console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
const folder = mkdtempSync(join(tmpdir(), "unravel-onnxruntime-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const [name, spec] of Object.entries({ lenet5: lenet5(), convnet: convnet(), resnet: resnet() })) {
  const model = defineModel(spec);
  const parameters = initialParameters(model, 0);
  const [{ bytes }] = await exportModel({ model, parameters }, "onnx", { pixels: true });
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    logSeverityLevel: 3,
  });
  const path = join(folder, `${name}.mjs`);
  const [file] = await exportModel({ model, parameters }, "js", { name });
  writeFileSync(path, file.bytes);
  const module = await import(pathToFileURL(path).href);
  const engine = await createEngine(spec, { threads: 0, strict: true, parameters });
  for (const images of [256, 1]) {
    const pixels = Uint8Array.from(
      { length: images * model.inputShape.reduce((a, b) => a * b) },
      (_, k) => (k * k * 31) % 251,
    );
    const input = new ort.Tensor("uint8", pixels, [images, ...model.inputShape]);
    const here = () => engine.logits(pixels, { batchSize: images });
    const exported = () => (images === 1 ? module.predict(pixels) : module.predictBatch(pixels));
    const there = () => session.run({ x: input });
    const [mine, { scores }] = [await here(), await there()];
    const apart = mine.reduce((most, value, k) => Math.max(most, Math.abs(value - scores.data[k])), 0);
    const calls = [here, exported, there];
    const times = calls.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [k, call] of calls.entries()) times[k].push(await timed(call));
    }
    const [library, ofModule, theirs] = times.map(typical);
    const faster = (ms) => `${(theirs / ms).toFixed(2)}x as fast`;
    console.log(
      `| ${name} | ${images} | ${library.toFixed(3)} ms | ${ofModule.toFixed(3)} ms | ${theirs.toFixed(3)} ms | ${faster(library)} | ${faster(ofModule)} | ${apart.toExponential(1)} |`,
    );
  }
  await engine.close();
  await session.release();
}

/** A module with its weights replaced by nothing: how long its text is, and how long compressed. */
async function programOf(spec) {
  const model = defineModel(spec);
  const saved = { model, parameters: initialParameters(model, 0) };
  const [{ bytes }] = await exportModel(saved, "js", {});
  const { text, parts } = pack(compileForward(saved), "f32");
  const module = Buffer.from(bytes).toString();
  if (!module.includes(text)) throw new Error("the module's weights are not where they were looked for");
  // 13 bits in two characters; the code comes first
  const code = 2 * Math.ceil((8 * parts[0][1]) / 13);
  return sizesOf([module.replace(text, () => text.slice(0, code))]);
}

const sizesOf = (files) =>
  [(file) => file.length, (file) => gzipSync(file).length].map((size) =>
    files.reduce((sum, file) => sum + size(file), 0),
  );

const dist = new URL("../node_modules/onnxruntime-web/dist/", import.meta.url);
const files = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
const theirs = sizesOf(files.map((name) => readFileSync(new URL(name, dist))));
const number = (value) => value.toLocaleString("en-US");
console.log(`\n| program | bytes | with gzip | onnxruntime-web has so many times as many |`);
console.log("| --- | ---: | ---: | ---: |");
console.log(`| ${files.join(", ")} | ${theirs.map(number).join(" | ")} |  |`);
for (const [name, spec] of Object.entries({
  "one-conv": oneConv(),
  lenet5: lenet5(),
  convnet: convnet(),
  resnet: resnet(),
})) {
  const own = await programOf(spec);
  const times = own.map((bytes, k) => Math.floor(theirs[k] / bytes));
  console.log(`| module of ${name} | ${own.map(number).join(" | ")} | ${times.join(" and ")} |`);
}
process.exit(); // its threads would keep it alive
