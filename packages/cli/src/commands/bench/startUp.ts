import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type CompileTimes, FailureError } from "unravel-cnn";
import type { ChildTask } from "./child.js";

/** Milliseconds; the median of several processes, and the fastest and the slowest. */
export interface StartUp {
  readonly firstStepMs: number;
  readonly fastestMs: number;
  readonly slowestMs: number;
  readonly starts: number;
}

/** How long it takes from the start of a process until the first step of training is done. */
export async function measureStartUp(
  task: Omit<ChildTask, "task">,
  starts: number,
  signal: AbortSignal,
): Promise<StartUp> {
  const times: number[] = [];
  while (times.length < starts) times.push((await runChild({ ...task, task: "first step" }, signal)).elapsed);
  times.sort((a, b) => a - b);
  return {
    firstStepMs: times[Math.floor(starts / 2)],
    fastestMs: times[0],
    slowestMs: times[starts - 1],
    starts,
  };
}

/** How long compiling takes in a process that does nothing before; the process with the median sum of both parts. */
export async function measureColdCompile(
  task: Omit<ChildTask, "task">,
  starts: number,
  signal: AbortSignal,
): Promise<CompileTimes> {
  const times: CompileTimes[] = [];
  while (times.length < starts) {
    times.push(JSON.parse((await runChild({ ...task, task: "compile" }, signal)).line));
  }
  const sum = ({ generateMs, compileMs }: CompileTimes) => generateMs + compileMs;
  return times.sort((a, b) => sum(a) - sum(b))[Math.floor(starts / 2)];
}

const CHILD = fileURLToPath(new URL("./child.js", import.meta.url));

/** Milliseconds from the start of a process to the line that it prints, and the line. */
async function runChild(task: ChildTask, signal: AbortSignal): Promise<{ elapsed: number; line: string }> {
  signal.throwIfAborted();
  const start = performance.now();
  const child = spawn(process.execPath, [CHILD, JSON.stringify(task)], { signal });
  let line = "";
  let problem = "";
  let elapsed = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    elapsed ||= performance.now() - start;
    line += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    problem += text;
  });
  const code = await new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null)).on("close", resolve);
  });
  signal.throwIfAborted();
  if (code !== 0) {
    const why = problem.split("\n").find((text) => /Error: /.test(text));
    throw new FailureError(`A process could not be started to be timed${why ? `: ${why.trim()}` : ""}.`);
  }
  return { elapsed, line };
}
