import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";

export interface Ended {
  /** The exit code, or null after a signal that the process did not handle. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a program for one test: when the test is over, however it went, the program and all that it started are killed. Not
 * for tests that run concurrently, as only one of them can be told to be over.
 */
export function startProcess(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  const child = spawn(program, args, options);
  const gone = new Promise<void>((resolve) =>
    child.once("error", () => resolve()).once("exit", () => resolve()),
  );
  onTestFinished(async () => {
    if (child.pid === undefined) return; // it never began
    const pids = child.exitCode === null && child.signalCode === null ? [child.pid] : [];
    for (const pid of pids) pids.push(...childrenOf(pid));
    for (const pid of pids) kill(pid);
    await gone;
  });
  return child;
}

/** What a process has started and is still there; known on Linux only. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has just ended by itself
  }
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
    const end = () => resolve({ code: child.exitCode, stdout, stderr });
    child.on("error", reject).on("close", end);
    // nobody says it again
    if (hasClosed(child)) end();
  });
}

/** Whether it has exited, and all that it said has been read. */
function hasClosed({ exitCode, signalCode, stdout, stderr }: ChildProcess): boolean {
  return (
    (exitCode !== null || signalCode !== null) && [stdout, stderr].every((stream) => stream?.closed !== false)
  );
}

/**
 * Resolves when a process has said something that matches. Rejects when it ends without, or hasn't said it for a minute: a test
 * must wait for what comes on every machine, however fast or slow it is.
 * @param stream its `stdout` or `stderr`
 */
export function said(stream: Readable | null, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    const fail = (how: string) => reject(new Error(`${how} without ${pattern}, and said: ${text}`));
    const timer = setTimeout(() => fail("it went on for a minute"), 60_000);
    stream?.on("data", (chunk: Buffer | string) => {
      text += chunk;
      if (!pattern.test(text)) return;
      clearTimeout(timer);
      resolve();
    });
    stream?.on("close", () => {
      clearTimeout(timer);
      fail("it ended");
    });
  });
}
