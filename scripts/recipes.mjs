/**
 * What the recipes reach: trains with each, some seeds long, and prints the test accuracies and the seconds: the figures in
 * docs/recipes.md. Build first; MNIST is looked for in $UNRAVEL_DATA/mnist, CIFAR-10 where --cifar10 says.
 *
 *   node scripts/recipes.mjs [--recipes fast,default] [--seeds 0,1,2] [--cifar10 cifar10.tar.gz] [--engine wasm] [--threads 2] [--jobs 1]
 *                           [--curves docs/recipes]
 *
 * `--jobs` trains so many at a time: good for accuracies, but then the seconds say nothing. `--curves` draws loss and accuracy of each recipe's
 * first seed, epoch by epoch, into a folder.
 */
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readArguments } from "./arguments.mjs";

const values = readArguments({
  recipes: "fast,default,tiny,best,drawn-digits",
  seeds: "0,1,2",
  cifar10: "",
  engine: "wasm",
  threads: 0,
  jobs: 1,
  curves: "",
});
const unravel = fileURLToPath(new URL("../packages/cli/bin/unravel.js", import.meta.url));
const run = promisify(execFile);
const seeds = values.seeds.split(",").map(Number);
const names = values.recipes.split(",");

/** @returns what `unravel train --json` printed */
async function train(name, seed) {
  const args = [
    "train",
    "--recipe",
    name,
    "--seed",
    String(seed),
    "--engine",
    values.engine,
    "--json",
    "--quiet",
  ];
  if (name.startsWith("cifar10")) args.push("--data", values.cifar10);
  if (values.curves !== "" && seed === seeds[0]) args.push("--plot", `${values.curves}/${name}.svg`);
  if (values.threads > 0) args.push("--threads", String(values.threads));
  const { stdout } = await run(process.execPath, [unravel, ...args], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

const due = names.flatMap((name) => seeds.map((seed) => ({ name, seed })));
const results = [];
await Promise.all(
  Array.from({ length: values.jobs }, async () => {
    for (let next = due.shift(); next; next = due.shift()) {
      const { test, trainSeconds, engine, parameters } = await train(next.name, next.seed);
      results.push({ ...next, accuracy: test.accuracy, trainSeconds, parameters });
      console.log(
        `${next.name}, seed ${next.seed}, ${engine}: ${percent(test.accuracy)}, loss ${test.loss.toFixed(4)}, ${trainSeconds.toFixed(1)} s of training`,
      );
    }
  }),
);

console.log(`\n${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}\n`);
console.log("| recipe | parameters | mean | lowest to highest | seconds of training |");
console.log("|---|---|---|---|---|");
for (const name of names) {
  const own = results.filter((one) => one.name === name);
  const accuracies = own.map((one) => one.accuracy);
  const mean = accuracies.reduce((sum, one) => sum + one, 0) / own.length;
  const seconds = own.map((one) => one.trainSeconds).sort((a, b) => a - b);
  const spread = `${percent(Math.min(...accuracies))} to ${percent(Math.max(...accuracies))}`;
  console.log(
    `| \`${name}\` | ${own[0].parameters.toLocaleString("en-US")} | ${percent(mean)} | ${spread} | ${seconds[0].toFixed(1)} to ${seconds.at(-1).toFixed(1)} |`,
  );
}

function percent(share) {
  return `${(100 * share).toFixed(2)}%`;
}
