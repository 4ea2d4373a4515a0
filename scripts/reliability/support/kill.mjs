import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { basename, extname, join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { byEnding } from "./commands.mjs";
import { cleanEnv } from "./scratch.mjs";

const UNRAVEL = fileURLToPath(new URL("../../../packages/cli/bin/unravel.js", import.meta.url));

/** What a shell sees of a process that a signal has ended. */
const exitCodes = { SIGKILL: 137, SIGTERM: 143, SIGINT: 130, SIGHUP: 129 };
export const signals = Object.keys(exitCodes);

/** No command takes as long after a signal, or without one. */
const LONGEST_MS = 60_000;

/** Runs a command in `folder`, and sends it a signal after so many milliseconds, or as soon as it begins a file. */
export async function run({ args, env }, folder, kill) {
  const started = performance.now();
  const child = spawn(process.execPath, [UNRAVEL, ...args], {
    cwd: folder,
    env: cleanEnv(folder, env),
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // a process group of its own, so that what it leaves can be found
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const watcher = kill?.onFile === undefined ? undefined : whenFile(folder, child, kill);
  const timer = kill?.after === undefined ? undefined : setTimeout(() => child.kill(kill.signal), kill.after);
  const limit = setTimeout(() => process.kill(-child.pid, "SIGKILL"), LONGEST_MS);
  const { code, signal } = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal }));
  });
  const milliseconds = performance.now() - started;
  clearTimeout(timer);
  clearTimeout(limit);
  watcher?.close();
  return { code, signal, stderr, milliseconds, left: await isLeft(child.pid) };
}

/** Sends the signal so many milliseconds after a file has been begun anywhere in the folder. */
function whenFile(folder, child, { onFile, signal }) {
  let seen = false;
  const watcher = watch(folder, { recursive: true }, () => {
    if (seen) return;
    seen = true;
    if (onFile === 0) child.kill(signal);
    else setTimeout(() => child.kill(signal), onFile);
  });
  watcher.on("error", () => {}); // a file that is gone before it could be watched
  return watcher;
}

/** Whether a process of the group is still there a moment later. */
async function isLeft(group) {
  for (let attempt = 0; attempt < 40; attempt++) {
    try {
      process.kill(-group, 0);
    } catch {
      return false;
    }
    await pause(50);
  }
  process.kill(-group, "SIGKILL");
  return true;
}

/** What is wrong with how a process ended, or undefined. */
export function wrongEnd({ code, signal, stderr, left, milliseconds }, sent) {
  if (left) return "a process is left";
  if (milliseconds > LONGEST_MS) return "it doesn't end";
  if (/\n\s+at |mistake of the program/.test(stderr)) return `a stack trace: ${stderr}`;
  if (code === 0 || signal === sent || code === exitCodes[sent]) return undefined;
  return `exit code ${code ?? signal}: ${stderr.trim().split("\n").at(-1)}`;
}

/** All files below a folder. */
export function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

const isTemporary = (file) => basename(file).startsWith(".");

/**
 * What lies in the folder, against what lay there before.
 * @returns how many outputs are `absent`, the `old` ones or `whole`; what is `temporary`; `kept`: whole, but of a name that
 *   nobody gave; and what is wrong
 */
export async function look(folder, { outputs }, before) {
  const found = { absent: 0, old: 0, whole: 0, kept: [], temporary: [], wrong: [] };
  for (const [file, read] of Object.entries(outputs)) {
    const path = join(folder, file);
    if (!existsSync(path)) {
      if (before.has(file)) found.wrong.push(`${file} was there, and is gone`);
      else found.absent++;
      continue;
    }
    const bytes = new Uint8Array(readFileSync(path));
    if (before.get(file) === statSync(path).ino) found.old++;
    else if (await isWhole(read, bytes)) found.whole++;
    else found.wrong.push(`${file} is not whole: ${bytes.length} bytes`);
  }
  for (const file of filesIn(folder)) {
    if (before.has(file) || file in outputs) continue;
    if (isTemporary(file)) found.temporary.push(file);
    else if (await isWhole(byEnding[extname(file)], new Uint8Array(readFileSync(join(folder, file)))))
      found.kept.push(file);
    else found.wrong.push(`${file} is there, and not whole`);
  }
  return found;
}

async function isWhole(read, bytes) {
  try {
    await read(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Takes away the outputs, or puts sound old ones there. @returns each file of the folder, with its number on the disk */
export function setUp(folder, { outputs, prepare }, old) {
  prepare?.();
  for (const file of Object.keys(outputs)) {
    if (prepare) continue;
    if (old === undefined) rmSync(join(folder, file), { force: true });
    else writeFileSync(join(folder, file), old[file]);
  }
  return new Map(filesIn(folder).map((file) => [file, statSync(join(folder, file)).ino]));
}

/** Takes away what a run has left beside its outputs. */
export function clear(folder, files) {
  for (const file of files) rmSync(join(folder, file), { force: true });
}
