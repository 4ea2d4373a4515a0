import { type ChildProcess, fork } from "node:child_process";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import type { FromChild, ToChild } from "./messages.js";
import { noOutcome } from "./outcome.js";
import type { Ended } from "./runner.js";
import type { Done, TrialTask } from "./runTrial.js";

const CHILD = fileURLToPath(new URL("./sweepChild.js", import.meta.url));

/** So often a trial is begun whose process dies. */
const MOST_ATTEMPTS = 3;

/** What a trial whose process dies each time comes to. */
function lost(how: string): Done {
  const problem = `Its process ended ${MOST_ATTEMPTS} times (${how}); maybe there is not enough memory.`;
  return { outcome: { status: "failed", problem, ...noOutcome }, trained: 0 };
}

/** Processes of this machine that do trials: each one at a time. */
export class ProcessPool {
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
  #closed = false;
  #reject: ((error: unknown) => void)[] = [];

  /** Does a trial in a process that has nothing to do, or in a new one. */
  async run(task: TrialTask, onProgress: (share: number) => void = () => {}): Promise<Ended> {
    let how = "";
    const start = performance.now();
    for (let attempts = 1; attempts <= MOST_ATTEMPTS; attempts++) {
      const began = performance.now();
      const child = this.#idle.pop() ?? this.#start();
      const where = `${hostname()} ${child.pid}`;
      const done = await this.#ask(child, task, onProgress);
      if (typeof done === "object") {
        this.#idle.push(child);
        return { ...done, seconds: (performance.now() - began) / 1000, where, attempts };
      }
      how = done;
    }
    const seconds = (performance.now() - start) / 1000;
    return { ...lost(how), seconds, where: hostname(), attempts: MOST_ATTEMPTS };
  }

  /** Kills all processes. What is running rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = [...this.#all].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.#all) child.kill("SIGKILL");
    for (const reject of this.#reject) reject(new Error("The processes were ended."));
    await Promise.all(ends);
  }

  #start(): ChildProcess {
    const child = fork(CHILD, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#all.add(child);
    child.once("exit", () => {
      this.#all.delete(child);
      const place = this.#idle.indexOf(child);
      if (place >= 0) this.#idle.splice(place, 1);
    });
    child.on("error", () => {}); // it is told as an exit
    return child;
  }

  /** What came out, or how the process ended before that. */
  #ask(child: ChildProcess, task: TrialTask, onProgress: (share: number) => void): Promise<Done | string> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Error("The processes were ended."));
        return;
      }
      const done = () => {
        child.off("message", hear).off("exit", exited);
        this.#reject = this.#reject.filter((one) => one !== reject);
      };
      const hear = (message: FromChild) => {
        if (message.type === "progress") onProgress(message.share);
        if (message.type !== "outcome") return;
        done();
        resolve({ outcome: message.outcome, trained: message.trained });
      };
      const exited = (code: number | null, signal: string | null) => {
        done();
        if (this.#closed) reject(new Error("The processes were ended."));
        else resolve(signal ?? `exit code ${code}`);
      };
      this.#reject.push(reject);
      child.on("message", hear).on("exit", exited);
      child.send({ task } satisfies ToChild, () => {}); // a process that can't hear has ended: that is told, too
    });
  }
}
