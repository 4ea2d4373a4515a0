import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseCheckpoint, randomStream } from "unravel-cnn";
import { readArguments } from "../arguments.mjs";
import { writeInputs } from "./support/commands.mjs";
import { run, wrongEnd } from "./support/kill.mjs";
import { conclude, progress, table, whole } from "./support/report.mjs";
import { enterScratch } from "./support/scratch.mjs";

const HELP = `
Ends trainings by SIGKILL at random moments and goes on with them from their checkpoints, on another number of threads each
time; what comes out must be, byte for byte, the model of a training that nothing has interrupted, and no checkpoint may be
half-written. --count is how many trainings are interrupted in all; --minutes ends it sooner. Build first (npm run compile).
Prints a table; exit code 1 where something was wrong. Not for Windows, which has no signals.

Examples:
  node scripts/reliability/resumes.mjs --count 8
  node scripts/reliability/resumes.mjs --count 100 --minutes 30 --seed 7
`;

const { count, minutes, seed } = readArguments({ count: 100, minutes: 60, seed: 1 }, HELP);
const deadline = performance.now() + minutes * 60_000;
const folder = enterScratch();
const stream = randomStream(seed, "resumes");
let drawn = 0;
const below = (n) => stream.below(n, drawn++);
const show = progress();
const faults = [];

/** Most signals that a training gets; after them it may end. */
const MOST_KILLS = 4;

const data = ["--data", "shapes"];
const trainings = [
  { name: "one-conv, Adam", args: ["--epochs", "3"] },
  {
    name: "lenet5, momentum, average, best epoch",
    args: [
      ...["--model", "lenet5", "--optimizer", "sgd", "--ema", "0.99", "--epochs", "2"],
      ...["--limit", "1500", "--keep", "best"],
    ],
  },
  {
    name: "resnet (norms), AdamW, class weights",
    args: [
      ...["--model", "resnet", "--width", "4", "--optimizer", "adamw", "--clip", "1"],
      ...["--class-weights", "balanced", "--epochs", "2", "--limit", "320"],
    ],
  },
  {
    name: "one-conv, reference engine",
    args: ["--engine", "reference", "--filters", "2", "--epochs", "2", "--limit", "200", "--patience", "2"],
  },
];

const keys = ["trainings", "kills", "anew", "identical", "faults"];

/** What a training gives that nothing interrupts, and how long it takes. */
async function begin(training) {
  const out = "whole.safetensors";
  rmSync(join(folder, out), { force: true });
  const args = ["train", ...data, ...training.args, "--out", out, "--threads", "2"];
  const { code, stderr, milliseconds } = await run({ args }, folder);
  if (code !== 0) throw new Error(`${training.name}: ${stderr}`);
  const counts = Object.fromEntries(keys.map((key) => [key, 0]));
  return { ...training, milliseconds, model: readFileSync(join(folder, out)), counts };
}

async function interrupt({ name, args, milliseconds, model, counts }, number) {
  const fault = (what) => {
    counts.faults++;
    faults.push(`${name} (number ${number} of seed ${seed}): ${what}`);
  };
  const [kept, out] = ["kept", "resumed.safetensors"];
  for (const file of [kept, out]) rmSync(join(folder, file), { recursive: true, force: true });
  counts.trainings++;
  const every = ["--every", `${1 + below(40)}steps`];
  for (let kills = 0; ; ) {
    const begun = existsSync(join(folder, kept, "checkpoint.safetensors"));
    if (kills > 0 && !begun) counts.anew++;
    const start = begun ? ["--resume", kept] : [...data, ...args, "--checkpoint", kept];
    const command = { args: ["train", ...start, ...every, "--out", out, "--threads", String(1 + below(3))] };
    // from its first file on, when the program has started
    const onFile = below(Math.ceil(milliseconds * 0.8));
    const end = await run(command, folder, kills < MOST_KILLS ? { signal: "SIGKILL", onFile } : undefined);
    const wrong = wrongEnd(end, "SIGKILL");
    if (wrong !== undefined) return fault(wrong);
    if (end.code === 0) break;
    counts.kills++;
    kills++;
    const problem = lookAt(join(folder, kept));
    if (problem !== undefined) return fault(problem);
  }
  if (readFileSync(join(folder, out)).equals(model)) counts.identical++;
  else fault("the model is another one");
}

/** What is wrong with the folder of checkpoints, if anything. */
function lookAt(path) {
  if (!existsSync(path)) return undefined;
  const others = readdirSync(path).filter(
    (name) => name !== "checkpoint.safetensors" && !name.startsWith("."),
  );
  if (others.length > 0) return `${others} lies beside the checkpoint`;
  const file = join(path, "checkpoint.safetensors");
  try {
    if (existsSync(file)) parseCheckpoint(new Uint8Array(readFileSync(file)), "it");
  } catch (error) {
    return `the checkpoint is not whole: ${error.message}`;
  }
  return undefined;
}

writeInputs(folder);
const all = [];
for (const training of trainings) all.push(await begin(training));
for (let k = 0; k < count && performance.now() < deadline; k++) {
  await interrupt(all[k % all.length], k);
  show(`${k + 1} of ${count} trainings`);
}

const row = ({ name, counts }) => [name, ...keys.map((key) => whole(counts[key]))];
const sums = Object.fromEntries(
  keys.map((key) => [key, all.reduce((sum, { counts }) => sum + counts[key], 0)]),
);
conclude(
  [
    table(
      [
        "training",
        "interrupted",
        "killed in all",
        "begun anew, as no checkpoint was finished",
        "the same bytes",
        "faults",
      ],
      [...all.map(row), row({ name: "**all**", counts: sums })],
    ),
    "",
    `Seed ${seed}.`,
  ].join("\n"),
  faults,
);
