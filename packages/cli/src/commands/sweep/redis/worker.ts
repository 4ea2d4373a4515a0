import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "bullmq";
import type { Redis } from "ioredis";
import { Interrupted, interruptible } from "../../../exit.js";
import { counted, percent } from "../../../terminal/numbers.js";
import { Progress } from "../../../terminal/progress.js";
import { ProcessPool } from "../processPool.js";
import type { TrialTask } from "../runTrial.js";
import { fetchAttachment, keepCheckpoint } from "./attachments.js";
import { connect, loadPackages, QUEUE } from "./connection.js";
import type { TrialJob, TrialResult } from "./job.js";

export interface WorkerOptions {
  redis: string;
  concurrency?: number;
  quiet?: boolean;
}

/** A worker that hasn't been heard of for so long is taken for dead, and its trial is given to another one. Milliseconds. */
const LOCK_MS = 6_000;
const STALLED_MS = 3_000;
/** So often a trial may be lost with its worker. */
const MOST_LOST = 20;
/** Progress is told at most so often. */
const TELL_MS = 1_000;

/** Does trials of sweeps, one after the other, until it is interrupted. */
export async function worker({
  redis: url,
  concurrency = availableParallelism(),
  quiet,
}: WorkerOptions): Promise<void> {
  const progress = new Progress(process.stderr, quiet === true);
  const packages = await loadPackages();
  const { redis, end } = await connect(packages, url, (line) => progress.say(line));
  const pool = new ProcessPool();
  const folder = await mkdtemp(join(tmpdir(), "unravel-worker-"));
  let done = 0;
  const doTrial = async (job: Job<TrialJob, TrialResult>): Promise<TrialResult> => {
    const task = await taskOf(redis, job.data, join(folder, `${job.id}.safetensors`));
    let told = 0;
    const onProgress = (share: number) => {
      if (performance.now() - told < TELL_MS) return;
      told = performance.now();
      job.updateProgress(share).catch(() => {}); // it is only shown
    };
    const { attempts: _, ...result } = await pool.run(task, onProgress);
    const { outcome, seconds } = result;
    if (job.data.checkpoint !== undefined && task.checkpoint !== undefined) {
      const isKept = await stat(task.checkpoint).then(
        () => true,
        () => false,
      );
      if (isKept) await keepCheckpoint(redis, job.data.checkpoint, task.checkpoint);
      else if (job.data.epochs === job.data.allEpochs) await redis.del(job.data.checkpoint);
      await rm(task.checkpoint, { force: true });
    }
    done++;
    const said = outcome.validation
      ? percent(outcome.validation.accuracy)
      : (outcome.problem ?? outcome.status);
    progress.say(`${job.id}  ${said}  ${seconds.toFixed(1)} s`);
    return result;
  };
  const own = redis.duplicate();
  own.on("error", () => {}); // the other connection says it
  const queueWorker = new packages.bullmq.Worker<TrialJob, TrialResult>(QUEUE, doTrial, {
    connection: own,
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_MS,
    maxStalledCount: MOST_LOST,
  });
  queueWorker.on("error", () => {}); // the connection says it
  progress.say(
    `Worker    ${hostname()} ${process.pid}: ${counted(concurrency, "trial")} at a time; Ctrl-C ends it`,
  );
  try {
    await interruptible(
      (signal) =>
        new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
    );
  } catch (error) {
    if (error instanceof Interrupted) error.outcome = "trials that were under way go to other workers";
    throw error;
  } finally {
    // trials that are under way fail here, and are begun again elsewhere
    await pool.close();
    const closed = queueWorker.close(redis.status !== "ready"); // without a server by force
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, LOCK_MS / 2))]);
    own.disconnect();
    end();
    await rm(folder, { recursive: true, force: true });
    progress.say(`Ended after ${counted(done, "trial")}`);
  }
}

/** A task whose files lie on this machine. */
async function taskOf(
  redis: Redis,
  { words, epochs, allEpochs, checkpoint, data, attached }: TrialJob,
  path: string,
): Promise<TrialTask> {
  const files: Partial<Record<"data" | "model" | "spec", string>> = data === undefined ? {} : { data };
  for (const [option, attachment] of Object.entries(attached ?? {})) {
    files[option as keyof typeof files] = await fetchAttachment(redis, attachment);
  }
  if (checkpoint === undefined) return { words, epochs, allEpochs, files };
  await rm(path, { force: true });
  const kept = await redis.getBuffer(checkpoint);
  if (kept !== null) await writeFile(path, kept);
  return { words, epochs, allEpochs, files, checkpoint: path };
}
