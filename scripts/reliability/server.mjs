import { spawn, spawnSync } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { randomStream } from "unravel-cnn";
import { readArguments } from "../arguments.mjs";
import { clients, download, LARGE } from "./support/clients.mjs";
import { conclude, progress, table, whole } from "./support/report.mjs";
import { cleanEnv, enterScratch } from "./support/scratch.mjs";

const HELP = `
Attacks the server of the page with clients that don't read, don't finish, go away, and ask for what isn't there. All the
while an honest client asks for the page and must get it, and then MNIST. Measures how much memory the server takes (on
Linux). --minutes ends it sooner. Build first (npm run build). Prints a table; exit code 1 where something was wrong.

Examples:
  node scripts/reliability/server.mjs
  node scripts/reliability/server.mjs --count 20000 --seed 7
`;

const { count, minutes, seed } = readArguments({ count: 3000, minutes: 60, seed: 1 }, HELP);
const deadline = performance.now() + minutes * 60_000;
/** So many clients are at it at once; more than the server allows. */
const AT_ONCE = 200;
/** Holding all these files in memory would take ten times as much. */
const MOST_GROWTH = 150 * 2 ** 20;
/** An honest client waits no longer, on a machine that does all this at the same time. */
const LONGEST_MS = 10_000;

const folder = enterScratch();
const show = progress();
const faults = [];
const large = writeData();
const { url, child } = await start();
const port = Number(new URL(url).port);
const page = await download(url);
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(status())?.[1] ?? Number.NaN) * 1024;
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(status())?.[1] ?? Number.NaN) * 1024;
const before = { memory: memory(), files: openFiles() };

const stream = randomStream(seed, "server");
let drawn = 0;
const below = (n) => stream.below(n, drawn++);
const counts = Object.fromEntries(Object.keys(clients).map((name) => [name, 0]));
const honest = { pages: 0, longest: 0, wrong: 0 };
let isOver = false;

const honestClient = (async () => {
  while (!isOver) {
    const started = performance.now();
    await check("the page", url, page);
    honest.pages++;
    honest.longest = Math.max(honest.longest, performance.now() - started);
    await pause(20);
  }
})();

/** Those that are held open, the oldest first. */
const held = [];
let next = 0;
await Promise.all(
  Array.from({ length: 20 }, async () => {
    const names = Object.keys(clients);
    while (next < count && performance.now() < deadline) {
      next++;
      const name = names[below(names.length)];
      counts[name]++;
      try {
        held.push(await clients[name](port, below));
      } catch (error) {
        faults.push(`a client that ${name}: ${error.message}`);
      }
      while (held.length > AT_ONCE) held.shift()?.destroy();
      show(`${next} of ${count} connections, ${honest.pages} pages`);
    }
  }),
);
// With all of them still there, MNIST is had, by as many as a few browsers are.
const downloads = 24;
await Promise.all(Array.from({ length: downloads }, () => check("MNIST", new URL(LARGE, url).href, large)));
isOver = true;
await honestClient;
const most = { memory: peak() };
for (const socket of held) socket?.destroy();
const after = await settled();
if (most.memory - before.memory > MOST_GROWTH)
  faults.push(`memory grew by ${megabytes(most.memory - before.memory)}`);
if (honest.longest > LONGEST_MS) faults.push(`an honest client waited for ${honest.longest.toFixed(0)} ms`);
if (after > before.files + 8) faults.push(`${after} files are open, ${before.files} before`);
if (child.exitCode !== null || child.signalCode !== null) faults.push("the server has ended");
child.kill("SIGINT");

conclude(
  [
    table(
      ["a client that", "connections"],
      [
        ...Object.entries(counts).map(([name, number]) => [name, whole(number)]),
        ["is honest, and asks for the page", whole(honest.pages)],
        ["is honest, and reads all of MNIST's images", whole(downloads)],
        ["**all**", whole(Object.values(counts).reduce((a, b) => a + b) + honest.pages + downloads)],
      ],
    ),
    "",
    `Seed ${seed}, up to ${AT_ONCE} at once: ${whole(faults.length)} faults. The server took ${megabytes(before.memory)} before and at most ${megabytes(most.memory)}; it had ${before.files} files and connections open before and ${after} after. ${whole(honest.wrong)} requests of honest clients failed; the page came within ${honest.longest.toFixed(0)} ms.`,
  ].join("\n"),
  faults,
);
process.exit();

function megabytes(bytes) {
  return Number.isNaN(bytes) ? "an unknown amount" : `${(bytes / 2 ** 20).toFixed(0)} MB`;
}

async function check(what, address, expected) {
  let problem;
  try {
    if ((await download(address)) !== expected) problem = "is not what it was";
  } catch (error) {
    problem = `can't be had: ${error.cause?.message ?? error.message}`;
  }
  if (problem === undefined) return;
  honest.wrong++;
  faults.push(`${what} ${problem}`);
}

/** MNIST as large as it is, of noise; beside it a data set of a named pipe and a link. @returns the large file's checksum */
function writeData() {
  const data = join(folder, "data");
  for (const name of ["mnist", "fashion-mnist"]) mkdirSync(join(data, name), { recursive: true });
  writeFileSync(join(folder, "secret"), "secret");
  const bytes = randomFillSync(new Uint8Array(9_912_422));
  writeFileSync(join(data, "mnist", "train-images-idx3-ubyte.gz"), bytes);
  for (const name of ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
    writeFileSync(join(data, "mnist", name), "data");
  spawnSync("mkfifo", [join(data, "fashion-mnist", "train-images-idx3-ubyte")]);
  symlinkSync(join(folder, "secret"), join(data, "fashion-mnist", "train-labels-idx1-ubyte"));
  return createHash("sha256").update(bytes).digest("hex");
}

async function start() {
  const unravel = fileURLToPath(new URL("../../packages/cli/bin/unravel.js", import.meta.url));
  const child = spawn(process.execPath, [unravel, "explore", "--no-open", "--json"], {
    cwd: folder,
    env: cleanEnv(folder, { UNRAVEL_DATA: join(folder, "data") }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.on("exit", () => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value } = await lines.next();
  if (value === undefined) process.exit(1); // it has said why
  return { child, url: JSON.parse(value).url };
}

function status() {
  return process.platform === "linux" ? readFileSync(`/proc/${child.pid}/status`, "utf8") : "";
}

function openFiles() {
  return process.platform === "linux" ? readdirSync(`/proc/${child.pid}/fd`).length : 0;
}

/** How many files the server has open when those of the connections that were closed just now are, too. */
async function settled() {
  for (let attempt = 0; attempt < 100 && openFiles() > before.files; attempt++) await pause(50);
  return openFiles();
}
