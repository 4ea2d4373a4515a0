// How fast unravel is beside what else one could take, on this machine: node bench/peers/run.mjs --help
//
// Each measurement is a process of its own, and the systems take turns, so that a machine that becomes slower or faster does
// so for all of them. docs/performance.md says what makes it fair.
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, loadavg, release, tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions, UsageError, usage } from "./support/options.mjs";
import { refusal } from "./support/systems.mjs";
import { pageOf, tableOf } from "./support/table.mjs";

const say = (text) => process.stderr.write(`${text}\n`);
let temporary;
try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(usage);
  else await main(options);
} catch (error) {
  if (!(error instanceof UsageError) && !["InputError", "FailureError"].includes(error.name)) throw error;
  say(error.message);
  process.exitCode = error instanceof UsageError || error.name === "InputError" ? 2 : 1;
} finally {
  if (temporary) await rm(temporary, { recursive: true, force: true });
}

async function main(options) {
  const { writeWhole, checkWritable } = await built("unravel-cnn/node");
  const { installPackages, findPython, provideImages, writeWeights } = await import("./support/setup.mjs");
  const { measureCase, stopRunning } = await import("./support/rounds.mjs");
  const { expectedProbabilities } = await import("./support/expected.mjs");
  if (options.out) await checkWritable(options.out);
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ]) {
    process.once(signal, () => {
      stopRunning();
      if (temporary) rmSync(temporary, { recursive: true, force: true });
      process.exit(code);
    });
  }

  const load = loadavg()[0];
  if (load > 0.7) say(`Other work keeps ${load.toFixed(1)} threads busy: don't trust the figures.`);
  const wanted = options.systems.filter((system) =>
    options.cases.some((one) => reasonIn(system, one, options) === undefined),
  );
  const missing = await installPackages(wanted, { install: options.install, say });
  const pythons = {};
  for (const { needs } of wanted) {
    if (needs?.module && !(needs.module in pythons))
      pythons[needs.module] = await findPython(needs.module, options.python);
  }
  temporary = await mkdtemp(join(tmpdir(), "unravel-peers-"));
  const { folder, data } = await provideImages(temporary);

  const about = {
    machine: `${cpus()[0].model.trim()}, ${process.platform} ${release()}, Node ${process.version}`,
    ...{ threads: options.threads, rounds: options.rounds, seconds: options.seconds },
    ...{ optimizer: options.optimizer, load, data, command: commandLine() },
  };
  const results = [];
  for (const one of options.cases) {
    const refusals = options.systems.map((system) => ({ system, reason: reasonIn(system, one, options) }));
    const entries = refusals
      .filter(({ reason }) => reason === undefined)
      .map(({ system }) => ({
        system,
        python: pythons[system.needs?.module],
        reason: lack(system, missing, pythons),
      }));
    const leftOut = refusals
      .filter(({ reason }) => reason !== undefined)
      .map(({ system: { label }, reason }) => ({ label, reason }));
    const adjusted = adapted(one, options);
    const rows = await measureCase(adjusted, entries, {
      ...options,
      say,
      data: folder,
      weights: await writeWeights(one, temporary),
      expected: one.mode === "predict" ? await expectedProbabilities(one, folder) : undefined,
    });
    results.push({ case: adjusted, rows, leftOut });
    const tables = results.map((result) => tableOf(result.case, result.rows, result.leftOut));
    // After each case, so that what has been measured is kept whatever comes.
    if (options.out)
      await writeWhole(
        options.out,
        new TextEncoder().encode(pageOf({ ...about, tables }) + (await byOthers(options.out))),
      );
    if (!options.json) console.log(`${tables.at(-1)}\n`);
  }
  if (options.json) console.log(JSON.stringify({ ...about, results }));
  else console.log(`${about.machine}, ${options.threads} threads, load before ${load.toFixed(1)}. ${data}.`);
  if (!results.some(({ rows }) => rows[0].values)) process.exitCode = 1;
}

/** With Adam the rate is smaller, as everywhere. */
function adapted(one, { optimizer }) {
  return one.mode === "train" && optimizer === "adam" ? { ...one, optimizer, rate: 1e-3 } : one;
}

function reasonIn(system, one, options) {
  return refusal(system, adapted(one, options));
}

function lack({ needs }, missing, pythons) {
  if (needs?.package) return missing(needs.package);
  if (needs?.module && pythons[needs.module] === undefined) {
    return `no Python here can import ${needs.module}; --python names another`;
  }
  return undefined;
}

async function built(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError("unravel isn't built yet: run npm run build first.");
  }
}

function commandLine() {
  return ["node bench/peers/run.mjs", ...process.argv.slice(2)].join(" ");
}

/** What other programs measured, at the end of the page that is there: it stays. */
async function byOthers(path) {
  const page = await readFile(path, "utf8").catch(() => "");
  const start = page.indexOf("\n### The exported module beside onnxruntime-web");
  return start < 0 ? "" : page.slice(start);
}
