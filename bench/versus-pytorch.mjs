// How fast unravel and PyTorch train the same networks on this machine.
//
//   npm run build && node bench/versus-pytorch.mjs [MODEL...] [--rounds 3] [--seconds 3] [--threads N]
//                                                  [--optimizer sgd|adam] [--python PATH] [--json]
//
// Each measurement is a process of its own, and the programs take turns, so that a machine that becomes slower or faster
// does so for both. Every process checks that its loss falls. PyTorch is measured in both memory layouts, and the better
// one counts. Images: MNIST's if UNRAVEL_DATA names the folder that holds mnist/, else made up.
import { execFile } from "node:child_process";
import { availableParallelism, cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { hasRelaxedSimd } from "unravel-cnn";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    threads: { type: "string", default: String(availableParallelism()) },
    optimizer: { type: "string", default: "sgd" },
    python: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const models = positionals.length > 0 ? positionals : ["one-conv", "lenet5", "convnet"];
const run = promisify(execFile);
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (text) => process.stderr.write(`${text}\n`);

/** OpenBLAS with threads of its own disturbs PyTorch's, and threads that move between cores can make it several times slower. */
const env = { ...process.env, OPENBLAS_NUM_THREADS: "1", OMP_PROC_BIND: "true" };

const shared = ["--seconds", options.seconds, "--threads", options.threads, "--optimizer", options.optimizer];
const relaxed = hasRelaxedSimd() ? [] : ["--experimental-wasm-relaxed-simd"]; // Node 20
const python = await findPython();

/** Each takes a model and prints a line of JSON. */
const programs = {
  unravel: (model) => [process.execPath, [...relaxed, path("unravel.mjs"), model, ...shared]],
  ...(python && {
    "PyTorch, contiguous": (model) => [python, [path("pytorch.py"), model, ...shared]],
    "PyTorch, channels last": (model) => [
      python,
      [path("pytorch.py"), model, ...shared, "--layout", "channels_last"],
    ],
  }),
};

const load = loadavg()[0];
if (load > 0.7) say(`Other work keeps ${load.toFixed(1)} threads busy: don't trust the figures.`);

const results = [];
for (const model of models) {
  const seconds = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const [name, command] of Object.entries(programs)) {
      say(`${model}, round ${round} of ${options.rounds}: ${name}`);
      const { stdout } = await run(...command(model), { env });
      seconds[name].push(...JSON.parse(stdout).secondsPerEpoch);
    }
  }
  const rows = Object.entries(seconds).map(([name, values]) => ({ name, ...spreadOf(values) }));
  const [own, ...others] = rows;
  const best = others.sort((a, b) => a.median - b.median)[0];
  results.push({ model, unravel: own, ...(best && { pytorch: best, ratio: best.median / own.median }) });
}

if (options.json) {
  console.log(
    JSON.stringify({
      cpu: cpus()[0].model,
      cores: availableParallelism(),
      node: process.version,
      load,
      results,
    }),
  );
} else {
  console.log(
    `${cpus()[0].model}, ${options.threads} threads, Node ${process.version}, load before ${load.toFixed(1)}`,
  );
  console.log(
    `Seconds for 60,000 images (${options.optimizer}): median, and from the fastest to the slowest\n`,
  );
  console.log("| network | unravel | PyTorch | unravel is |\n|---|---|---|---|");
  for (const { model, unravel, pytorch, ratio } of results) {
    const cells = pytorch
      ? [`${describe(pytorch)}, ${pytorch.name.split(", ")[1]}`, `${ratio.toFixed(2)}x as fast`]
      : ["not measured", ""];
    console.log(`| ${[model, describe(unravel), ...cells].join(" | ")} |`);
  }
}

/** The first Python that has PyTorch. */
async function findPython() {
  for (const candidate of options.python ? [options.python] : ["python3", "/usr/bin/python3", "python"]) {
    try {
      const { stdout } = await run(candidate, ["-c", "import torch; print(torch.__version__)"]);
      say(`PyTorch ${stdout.trim()} of ${candidate}`);
      return candidate;
    } catch {
      // not there, or without torch
    }
  }
  say(
    "PyTorch is left out: no Python here can import torch (Debian: apt install python3-torch); --python names one.",
  );
  return undefined;
}

function spreadOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)],
    fastest: sorted[0],
    slowest: sorted[sorted.length - 1],
  };
}

function describe({ median, fastest, slowest }) {
  return `${short(median)} s (${short(fastest)} to ${short(slowest)})`;
}

/** Three digits. */
function short(seconds) {
  return seconds.toFixed(seconds < 10 ? 2 : seconds < 100 ? 1 : 0);
}
