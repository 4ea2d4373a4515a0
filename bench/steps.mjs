// One epoch of one-conv with one filter, from loops in Python to compiled code on all threads: the table of docs/scaling.md.
//
//   npm run build && node bench/steps.mjs [--rounds 3] [--seconds 5]
//
// Every figure is of a process of its own, and the steps take turns. NumPy's programs need a Python with NumPy; without one
// they are left out. Each trains on as many images as --seconds allows, and the time is scaled up to 60,000.
import { execFile } from "node:child_process";
import { availableParallelism, cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readArguments } from "../scripts/arguments.mjs";
import { findPython } from "./peers/support/setup.mjs";

const options = readArguments({ rounds: 3, seconds: 5 });
const run = promisify(execFile);
const say = (text) => process.stderr.write(`${text}\n`);
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const python = await findPython("numpy");

/** Seconds for an epoch, of each repetition, from a program of bench/peers. */
const numpy = (program, batchSize) => async () => {
  const args = ["--filters", "1", "--batch-size", batchSize, "--seconds", String(options.seconds)];
  const { stdout } = await run(python, [path(`peers/${program}.py`), ...args]);
  return JSON.parse(stdout).secondsPerEpoch;
};

/** The same from `unravel scaling`, whose second point isn't used. */
const unravel = (batchSize, engine) => async () => {
  const args = ["--filters", "1,2", "--batch-size", batchSize, "--optimizer", "sgd", ...engine];
  const { stdout } = await run(process.execPath, [
    path("../packages/cli/bin/unravel.js"),
    ...["scaling", ...args, "--seconds", String(options.seconds), "--json", "--quiet"],
  ]);
  const [{ fastest, secondsPerEpoch, slowest }] = JSON.parse(stdout).points;
  return [fastest, secondsPerEpoch, slowest];
};

const threads = String(availableParallelism());
const steps = [
  ["Python, a loop for each place", python && numpy("numpy_loops", "1")],
  ["NumPy, im2col, one image at a time", python && numpy("numpy_im2col", "1")],
  ["NumPy, im2col, batches of 64", python && numpy("numpy_im2col", "64")],
  ["the textbook in TypeScript, one image at a time", unravel("1", ["--engine", "reference"])],
  ["compiled, one image at a time", unravel("1", ["--threads", "1"])],
  ["compiled, batches of 64, one thread", unravel("64", ["--threads", "1"])],
  [`compiled, batches of 64, ${threads} threads`, unravel("64", ["--threads", threads])],
].filter(([name, measure]) => measure || say(`Left out, no Python here has NumPy: ${name}`));

const load = loadavg()[0];
if (load > 0.7) say(`Other work keeps ${load.toFixed(1)} threads busy: don't trust the figures.`);
const seconds = steps.map(() => []);
for (let round = 1; round <= options.rounds; round++) {
  for (const [k, [name, measure]] of steps.entries()) {
    say(`round ${round} of ${options.rounds}: ${name}`);
    seconds[k].push(...(await measure()));
  }
}

const medians = seconds.map((values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]);
console.log("| step | seconds for an epoch | of the step before | of the first |\n|---|---|---|---|");
for (const [k, [name]] of steps.entries()) {
  const times = (other) => (k === 0 ? "" : `${short(medians[other] / medians[k])}x as fast`);
  const spread = `${short(seconds[k][0])} to ${short(seconds[k].at(-1))}`;
  console.log(`| ${name} | ${short(medians[k])} (${spread}) | ${times(k - 1)} | ${times(0)} |`);
}
console.log(
  `\n${cpus()[0].model.trim()}, ${threads} cores, Node ${process.version}, load before ${load.toFixed(1)}`,
);

/** Three digits. */
function short(value) {
  return value < 999.5 ? value.toPrecision(3) : Math.round(value).toLocaleString("en-US");
}
