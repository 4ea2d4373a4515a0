import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { randomStream } from "unravel-cnn";
import { readArguments } from "../arguments.mjs";
import { commandsIn } from "./support/commands.mjs";
import { clear, look, run, setUp, signals, wrongEnd } from "./support/kill.mjs";
import { conclude, progress, table, whole } from "./support/report.mjs";
import { enterScratch } from "./support/scratch.mjs";

const HELP = `
Ends commands that write files at random moments, and looks at what is left: each output must be absent, the old one or
whole; no process may be left, nor any temporary file after the next run. Half of the signals come at a random moment, half
in the first milliseconds after the command has begun a file. --count is for each command; --minutes ends it sooner. Build
first (npm run compile). With UNRAVEL_DATA, data fetch is among the commands. Prints a table; exit code 1 where something was
wrong. Not for Windows, which has no signals.

Examples:
  node scripts/reliability/kills.mjs --count 4
  UNRAVEL_DATA=data node scripts/reliability/kills.mjs --minutes 10 --count 1000 --seed 7
`;

const { count, minutes, seed } = readArguments({ count: 40, minutes: 60, seed: 1 }, HELP);
const deadline = performance.now() + minutes * 60_000;
const published = join(process.env.UNRAVEL_DATA ?? "", "mnist");
const hasMnist = process.env.UNRAVEL_DATA && existsSync(join(published, "train-images-idx3-ubyte.gz"));
const folder = enterScratch();
const stream = randomStream(seed, "kills");
let drawn = 0;
const below = (n) => stream.below(n, drawn++);
const show = progress();
const faults = [];

const keys = ["kills", "ended", "absent", "old", "whole", "kept", "left", "faults"];

/** A command, run once to its end: how long it takes, and what it writes. */
async function begin(command) {
  setUp(folder, command);
  const { code, stderr, milliseconds } = await run(command, folder);
  if (code !== 0) throw new Error(`${command.name}: ${stderr}`);
  const files = Object.keys(command.outputs);
  const old = Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file))]));
  return { command, milliseconds, old, counts: Object.fromEntries(keys.map((key) => [key, 0])) };
}

async function killOnce({ command, milliseconds, old, counts }, k) {
  const signal = signals[k % signals.length];
  const fault = (what) => {
    counts.faults++;
    faults.push(`${command.name}, ${signal} (number ${k} of seed ${seed}): ${what}`);
  };
  const before = setUp(folder, command, below(2) === 0 ? old : undefined);
  const when = below(2) === 0 ? { onFile: below(4) } : { after: below(Math.ceil(milliseconds)) };
  const end = await run(command, folder, { signal, ...when });
  const found = await look(folder, command, before);
  counts[end.code === 0 ? "ended" : "kills"]++;
  for (const key of ["absent", "old", "whole"]) counts[key] += found[key];
  counts.kept += found.kept.length;
  for (const wrong of [wrongEnd(end, signal), ...found.wrong]) if (wrong !== undefined) fault(wrong);
  if (end.code === 0 && found.absent + found.old > 0) fault("it ends with 0, but has not written all");
  clear(folder, found.kept);
  if (found.temporary.length > 0) await clearedByNext(command, found.temporary, signal, counts, fault);
}

/** Only who is killed outright may leave something behind, until the next one comes. */
async function clearedByNext(command, temporary, signal, counts, fault) {
  if (signal === "SIGKILL") counts.left++;
  else fault(`it leaves ${temporary}`);
  const before = setUp(folder, command);
  for (const file of temporary) before.delete(file);
  const { code, stderr } = await run(command, folder);
  if (code !== 0) fault(`the next run fails: ${stderr}`);
  const after = await look(folder, command, before);
  if (after.temporary.length > 0) fault(`the next run leaves ${after.temporary}`);
  clear(folder, [...after.temporary, ...after.kept]);
}

const commands = [];
for (const command of await commandsIn(folder, hasMnist ? published : undefined))
  commands.push(await begin(command));
for (let k = 0; k < count && performance.now() < deadline; k++) {
  for (const command of commands) await killOnce(command, k);
  show(`${k + 1} of ${count} rounds`);
}

const results = commands.map(({ command: { name }, counts }) => ({ name, ...counts }));
const all = Object.fromEntries(keys.map((key) => [key, results.reduce((sum, one) => sum + one[key], 0)]));
const row = ({ name, ...counts }) => [name, ...keys.map((key) => whole(counts[key]))];
conclude(
  [
    table(
      [
        "command",
        "killed",
        "had ended before",
        "outputs absent",
        "old",
        "new and whole",
        "kept beside",
        "temporary files left by `SIGKILL`",
        "faults",
      ],
      [...results.map(row), row({ name: "**all**", ...all })],
    ),
    "",
    `Seed ${seed}; in turn ${signals.map((signal) => `\`${signal}\``).join(", ")}.${hasMnist ? "" : " `data fetch` is missing: UNRAVEL_DATA has no MNIST."}`,
  ].join("\n"),
  faults,
);
