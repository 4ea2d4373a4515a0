/**
 * What a network says of MNIST's test images here and in TensorFlow.js: `node scripts/tfjs.mjs MODEL [IMAGES]`, after
 * `npm run build`, with $UNRAVEL_DATA set. With each kind of weights the model is exported with --pixels and --softmax, loaded by
 * TensorFlow.js itself, and imported again; all answers are compared. The figures of docs/export.md are from here.
 */
import { readFileSync } from "node:fs";
import { createEngine, firstOf, parseModel, predict } from "unravel-cnn";
import { loadDataset } from "unravel-cnn/node";
import { exportModel, importModel } from "../packages/files/bundle/index.js";

const [path, count = "10000"] = process.argv.slice(2);
if (path === undefined) throw new Error("Say which model: node scripts/tfjs.mjs MODEL [IMAGES]");
const tf = await import("@tensorflow/tfjs-core");
const { loadLayersModel } = await import("@tensorflow/tfjs-layers");
await import("@tensorflow/tfjs-backend-cpu");
await tf.setBackend("cpu");

const saved = parseModel(new Uint8Array(readFileSync(path)), path);
const test = firstOf((await loadDataset("mnist")).test, Number(count));
const [C, H, W] = test.shape;
const ours = await probabilitiesHere(saved);

for (const weights of ["f32", "f16", "int8"]) {
  let began = performance.now();
  const [main, shard] = await exportModel(saved, "tfjs", { weights, pixels: true, softmax: true });
  const exporting = performance.now() - began;
  began = performance.now();
  const back = await importModel(main, { beside: async () => shard.bytes });
  const importing = performance.now() - began;
  const theirs = await probabilitiesThere(JSON.parse(new TextDecoder().decode(main.bytes)), shard.bytes);
  const again = await probabilitiesHere(back);
  console.log(
    `${weights}: ${main.bytes.length + shard.bytes.length} bytes, exported in ${exporting.toFixed(0)} ms, imported in ${importing.toFixed(0)} ms`,
  );
  report("TensorFlow.js and here", theirs, ours);
  report("imported again and TensorFlow.js", again, theirs);
  console.log(`  right: ${right(theirs)} of ${test.labels.length} in TensorFlow.js, ${right(ours)} here`);
}

async function probabilitiesHere({ model, parameters }) {
  const engine = await createEngine(model.spec, { parameters });
  const answers = await predict(engine, test.images);
  await engine.close();
  return answers.map(({ probabilities }) => [...probabilities]);
}

/** In batches, as the processor's backend takes much memory. */
async function probabilitiesThere({ modelTopology, weightsManifest }, bytes) {
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  const answers = [];
  for (let first = 0; first < test.labels.length; first += 100) {
    const images = test.images.subarray(first * C * H * W, (first + 100) * C * H * W);
    const rows = tf.tidy(() => {
      const x = tf.tensor4d(Float32Array.from(images), [images.length / (C * H * W), C, H, W]);
      return model.predict(tf.transpose(x, [0, 2, 3, 1])).arraySync();
    });
    answers.push(...rows);
  }
  return answers;
}

function report(what, a, b) {
  let [largest, others] = [0, 0];
  for (const [n, row] of a.entries()) {
    for (const [k, value] of row.entries()) largest = Math.max(largest, Math.abs(value - b[n][k]));
    if (winner(row) !== winner(b[n])) others++;
  }
  console.log(
    `  ${what}: probabilities differ by at most ${largest.toExponential(1)}, answers for ${others} images`,
  );
}

function right(answers) {
  return answers.filter((row, n) => winner(row) === test.labels[n]).length;
}

function winner(row) {
  return row.indexOf(Math.max(...row));
}
