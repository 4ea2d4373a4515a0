import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { type Ended, startProcess } from "../../../../test/support/processes.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { cleanEnv, type RunOptions, UNRAVEL } from "./environment.js";
import { runInProcess } from "./inProcess.js";

export { type Ended, ended, said } from "../../../../test/support/processes.js";
export { cleanEnv, type RunOptions, UNRAVEL } from "./environment.js";

/**
 * Starts the command line as a process of its own, for what is about one: signals, pipes, what it loads. It is killed when the
 * test is over. `stdout` takes its output elsewhere, to an open file.
 */
export function start(
  args: readonly string[],
  { cwd, env, stdout = "pipe" }: RunOptions & { readonly stdout?: "pipe" | number } = {},
): ChildProcess {
  return startProcess(process.execPath, [UNRAVEL, ...args], {
    cwd,
    env: cleanEnv(env),
    stdio: ["ignore", stdout, "pipe"],
  });
}

/** Runs the command line to its end, in the process of the tests: many times as fast as `ended(start(...))`. */
export function unravel(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return runInProcess(args, options);
}

/** As `unravel`, for what must succeed: returns what it printed. */
export async function succeed(args: readonly string[], options?: RunOptions): Promise<Ended> {
  const result = await unravel(args, options);
  expect(result, `unravel ${args.join(" ")}\n${result.stderr}`).toMatchObject({ code: 0 });
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
