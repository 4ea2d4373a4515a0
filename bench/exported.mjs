/**
 * Exported modules: their sizes, how long from the import to the first prediction in a Node that has just started, and how fast they
 * predict beside the library with one thread on the strict path (docs/export.md). Both are asked in turns, and the fastest of
 * the rounds counts: other programs only ever make one slower. Needs `npm run compile`.
 *
 *   node bench/exported.mjs [rounds] [network,...]      default: 60 rounds, all of them
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { builtIn, createEngine, defineModel, initialParameters, noise, predict, sizeOf } from "unravel-cnn";
import { exportModel } from "unravel-files";

const [rounds = 60, only] = process.argv.slice(2);
const STARTS = 15;
const networks = [
  ["one-conv", {}],
  ["lenet5", {}],
  ["convnet", {}],
  ["resnet", { width: 32 }],
];

const folder = mkdtempSync(join(tmpdir(), "unravel-exported-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "package.json"), '{"type":"module"}');
writeFileSync(
  join(folder, "first.js"),
  `const begun = performance.now();
const used = process.cpuUsage();
const { inputShape, predict } = await import(process.argv[2]);
predict(new Uint8Array(inputShape.reduce((a, b) => a * b)).fill(9));
const ms = performance.now() - begun;
const { user, system } = process.cpuUsage(used);
console.log(ms, (user + system) / 1000);`,
);

console.log(`Node ${process.version}, ${cpus()[0].model}, ${cpus().length} cores`);
for (const [name, sizes] of networks) {
  if (only !== undefined && !only.split(",").includes(name)) continue;
  const model = defineModel(builtIn(name, sizes));
  const parameters = initialParameters(model, 0);
  console.log(`\n${name}, ${model.parameterCount.toLocaleString("en-US")} parameters`);
  for (const weights of ["f32", "f16", "int8"]) {
    const [file] = await exportModel({ model, parameters }, "js", { name: `${name}-${weights}`, weights });
    writeFileSync(join(folder, file.name), file.bytes);
    const starts = Array.from({ length: STARTS }, () => started(file.name));
    const [passed, used] = [0, 1].map((k) => {
      const times = starts.map((start) => start[k]).sort((a, b) => a - b);
      return `${times[0].toFixed(1)} ms at best, ${times[STARTS >> 1].toFixed(1)} ms in the middle of ${STARTS} starts`;
    });
    console.log(
      `  ${weights.padEnd(4)}  ${file.bytes.length.toLocaleString("en-US").padStart(9)} bytes; from the import to the first prediction ${passed}; of processor time ${used}`,
    );
  }
  await compare(name, model, parameters);
}

/** Milliseconds that passed, and milliseconds of processor time: which other programs change less. */
function started(file) {
  const said = execFileSync(process.execPath, [join(folder, "first.js"), `./${file}`], { encoding: "utf8" });
  return said.split(" ").map(Number);
}

async function compare(name, model, parameters) {
  const module = await import(pathToFileURL(join(folder, `${name}-f32.js`)).href);
  const engine = await createEngine(model.spec, { parameters, strict: true, threads: 1 });
  const { images } = noise(model, 256);
  const size = sizeOf(model.inputShape);
  const singles = Array.from({ length: 16 }, (_, k) => images.subarray(k * size, (k + 1) * size));
  const ways = {
    "batches of 256": [256, () => predict(engine, images), () => module.predictBatch(images)],
    "single images": [
      singles.length,
      async () => {
        for (const image of singles) await predict(engine, image);
      },
      () => singles.map((image) => module.predict(image)),
    ],
  };
  for (const [way, [count, library, exported]] of Object.entries(ways)) {
    const best = [Infinity, Infinity];
    for (let round = 0; round < rounds; round++) {
      for (const [k, run] of [library, exported].entries()) {
        const begun = performance.now();
        await run();
        best[k] = Math.min(best[k], performance.now() - begun);
      }
    }
    const [ofLibrary, ofModule] = best.map((ms) => (1000 * count) / ms);
    const rate = (value) => Math.round(value).toLocaleString("en-US").padStart(7);
    console.log(
      `  ${way}: module ${rate(ofModule)} images a second, library ${rate(ofLibrary)}: ${(ofModule / ofLibrary).toFixed(2)} times as fast`,
    );
  }
  await engine.close();
}
