// Lets the systems take turns in a case.
import { spawn } from "node:child_process";
import { hasRelaxedSimd } from "unravel-cnn";
import { programOptions } from "./systems.mjs";
import { measureOf, spreadOf } from "./table.mjs";

const relaxed = hasRelaxedSimd() ? [] : ["--experimental-wasm-relaxed-simd"]; // Node 20

/** OpenBLAS with threads of its own disturbs PyTorch's, and threads that move between cores can make it several times slower. */
const forPytorch = { OPENBLAS_NUM_THREADS: "1", OMP_PROC_BIND: "true" };

/** Probabilities may differ by so much. */
const TOLERANCE = 1e-3;

let running;

/** Ends the program that is being measured. */
export function stopRunning() {
  running?.kill("SIGKILL");
}

/**
 * The rows of a case's table, in the order of `entries`.
 * @param entries `{ system, reason, python }`; with a reason it is skipped
 * @param context rounds, seconds, limit, threads, weights, data, expected (probabilities), say
 */
export async function measureCase(one, entries, context) {
  const states = entries.flatMap(({ system, reason, python }) =>
    Object.entries(system.variants).map(([variant, start]) => ({
      system,
      variant,
      reason,
      python,
      start,
      results: [],
      isSlow: false,
    })),
  );
  for (let round = 1; round <= context.rounds; round++) {
    for (const state of states) {
      if (state.reason !== undefined || state.isSlow) continue;
      context.say(`${one.name}, round ${round} of ${context.rounds}: ${labelOf(state)}`);
      const began = performance.now();
      try {
        const result = await outcome(state, one, context);
        checkProbabilities(result.probabilities, context.expected);
        state.results.push(result);
      } catch (error) {
        state.reason = error.message;
      }
      // What takes long anyway is repeated by itself; more rounds of it would take most of the time.
      state.isSlow = performance.now() - began > 1000 * (10 + 4 * context.seconds);
    }
  }
  return entries.map(({ system }) =>
    best(states.filter((state) => state.system === system).map(rowOf(one)), one),
  );
}

function labelOf({ system, variant }) {
  return variant ? `${system.label}, ${variant}` : system.label;
}

/** Starts a program and reads the line that it prints. @throws Error that says in a clause why there is none */
async function outcome({ system, start, python }, one, context) {
  const [command, first] =
    start.program === "node" ? [process.execPath, system.relaxed ? relaxed : []] : [python, []];
  // A system's own options come last and so win: one of them is the number of threads.
  const [file, ...own] = start.args;
  const args = [...first, file, ...programOptions(system, one, context), ...own];
  const env = { ...process.env, ...(system.name === "pytorch" && forPytorch), UNRAVEL_DATA: context.data };
  const { code, stdout, stderr, timedOut } = await finished(command, args, env, context.limit);
  if (timedOut) throw new Error(`no result within ${context.limit} s`);
  const line = stdout.split("\n").findLast((text) => text.startsWith("{"));
  if (code !== 0 || line === undefined) throw new Error(complaint(stderr) || `it ended with code ${code}`);
  return JSON.parse(line);
}

function finished(command, args, env, limit) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    running = child;
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, 1000 * limit);
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      running = undefined;
      resolve({ code, stdout, stderr, timedOut });
    });
  });
}

/** The line of a program's complaint that says what is wrong: the first with "Error", as JavaScript has it, or the last. */
function complaint(stderr) {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("Node.js v"));
  const line = lines.find((text) => /^(\w*Error|npm error)\b/.test(text)) ?? lines.at(-1) ?? "";
  return line.replaceAll("|", "/").slice(0, 160);
}

/** @throws Error if a system computes something else than the textbook */
export function checkProbabilities(own, expected) {
  if (own === undefined || expected === undefined) return;
  const differences = own.map((probability, k) => Math.abs(probability - expected[k]));
  if (own.length === 0 || !differences.every((difference) => difference <= TOLERANCE)) {
    throw new Error(`its probabilities differ by up to ${Math.max(...differences)} from the textbook's`);
  }
}

const rowOf = (one) => (state) => {
  const label = labelOf(state);
  if (state.reason !== undefined) return { label: state.system.label, skipped: state.reason };
  const { version, threads } = state.results[0];
  const fewer = Math.min(one.batchSize, state.system.fewer?.[one.name] ?? Infinity);
  return {
    label,
    version,
    threads,
    values: state.results.flatMap((result) => result[measureOf(one).key]),
    images: state.results.reduce((sum, { images }) => sum + images, 0),
    note: fewer < one.batchSize ? `in batches of ${fewer}` : undefined,
    results: state.results,
  };
};

/** The fastest of a system's variants. */
function best(rows, one) {
  const { key, better } = measureOf(one);
  const measured = rows.filter(({ skipped }) => skipped === undefined);
  const sign = better === "less" ? 1 : -1;
  const median = ({ values }) => sign * spreadOf(values, better).median;
  const [row = rows[0]] = measured.sort((a, b) => median(a) - median(b));
  return { ...row, key };
}
