/**
 * How fast the engine trains in the runtime that runs this: `node`, `deno run -A` or `bun` (docs/browsers.md). Needs
 * `npm run compile`.
 *
 *   bench/runtimes.mjs [threads,...] [batch size,...]      default: 0,1,2 64
 */

import { createEngine, hasRelaxedSimd, noise, oneConv, fit as train } from "unravel-cnn";

const numbers = (text) => text.split(",").map(Number);
const [threads = "0,1,2", batchSizes = "64"] = process.argv.slice(2);
const { deno, bun, node } = process.versions;
const runtime = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
console.log(
  `${runtime}, ${hasRelaxedSimd() ? "with" : "without"} relaxed SIMD; images a second, three epochs of 4,000`,
);

for (const count of numbers(threads)) {
  for (const batchSize of numbers(batchSizes)) {
    const engine = await createEngine(oneConv(), { threads: count });
    const data = noise(engine.model, 4000);
    await train(engine, data, { epochs: 1, batchSize }); // compiles
    const { epochs } = await train(engine, data, { epochs: 3, batchSize });
    const speeds = epochs.map(({ imagesPerSecond }) => Math.round(imagesPerSecond).toLocaleString("en-US"));
    console.log(`threads ${count}, batches of ${batchSize}: ${speeds.join("  ")}`);
    await engine.close();
  }
}
