import type { ChildProcess } from "node:child_process";
import { onTestFinished } from "vitest";
import { type Ended, ended, start } from "./cli.js";

export interface Started {
  readonly child: ChildProcess;
  /** When it has ended, by itself or not. */
  readonly end: Promise<Ended>;
}

/**
 * Starts the command line and waits until it has said on stderr what it says in any case. It is killed when the test is
 * over, whatever came of it. Rejects if it ends before.
 */
export async function startUntil(args: readonly string[], said: RegExp): Promise<Started> {
  const child = start(args);
  onTestFinished(() => void child.kill("SIGKILL"));
  const end = ended(child);
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk: string) => {
      text += chunk;
      if (said.test(text)) resolve();
    });
    void end.then(() => reject(new Error(`it ended and had only said: ${text}`)));
  });
  return { child, end };
}

/** Starts a training that never ends, and waits until it has learnt something: the first epoch's line always comes. */
export function startTraining(args: readonly string[]): Promise<Started> {
  return startUntil(["train", ...args, "--epochs", "1000000"], /^Epoch 1\/1000000 +loss/m);
}
