import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";
import { expectSentence } from "../../../../test/support/sentence.js";

/** The command line as it is installed. */
export const UNRAVEL = fileURLToPath(new URL("../../bin/unravel.js", import.meta.url));

export interface Ended {
  /** The exit code, or null after a signal that the process did not handle. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * What a command line sees of the machine: nothing of the caller's settings, so that neither colours nor data nor a cache
 * come in by accident.
 */
export function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TEMP } = process.env;
  const nowhere = join(tmpdir(), "unravel-test-that-is-not-there");
  const { HOME = nowhere, XDG_CACHE_HOME = nowhere, LOCALAPPDATA = nowhere } = extra;
  return { PATH, SystemRoot, TEMP, TERM: "xterm-256color", HOME, XDG_CACHE_HOME, LOCALAPPDATA, ...extra };
}

/** Starts the command line; `unravel` waits for its end. `stdout` takes its output elsewhere, to an open file. */
export function start(
  args: readonly string[],
  { cwd, env, stdout = "pipe" }: RunOptions & { readonly stdout?: "pipe" | number } = {},
): ChildProcess {
  return spawn(process.execPath, [UNRAVEL, ...args], {
    cwd,
    env: cleanEnv(env),
    stdio: ["ignore", stdout, "pipe"],
  });
}

/** Collects what a process says, until it has ended. */
export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs the command line to its end. */
export function unravel(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return ended(start(args, options));
}

/** As `unravel`, for what must succeed: returns what it printed. */
export async function succeed(args: readonly string[], options?: RunOptions): Promise<Ended> {
  const result = await unravel(args, options);
  expect(result, `unravel ${args.join(" ")}`).toMatchObject({ code: 0 });
  expectNoTrace(result.stderr);
  return result;
}

/**
 * How the command line says no: the exit code, nothing on stdout, and as the last line of stderr one sentence.
 * @returns the sentence
 */
export function expectRefusal(result: Ended, code: number, message: RegExp): string {
  const { stderr } = result;
  expect(result, stderr).toMatchObject({ code, stdout: "" });
  expectNoTrace(stderr);
  const lines = stderr.split("\n");
  expect(lines.pop(), "stderr must end with the end of a line").toBe("");
  expect(lines.filter((line) => line.startsWith("unravel: "))).toEqual(lines.slice(-1));
  const sentence = lines[lines.length - 1].slice("unravel: ".length);
  expect(sentence).toMatch(message);
  expectSentence(sentence);
  return sentence;
}

export function expectNoTrace(stderr: string): void {
  expect(stderr).not.toMatch(/\n\s+at |mistake of the program|Warning:/);
}

/** A folder for the tests of one file, gone after them. Returns the path of a name in it. */
export function scratchFolder(): (...names: string[]) => string {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "unravel-cli-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (...names) => join(folder, ...names);
}
