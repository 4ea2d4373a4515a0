import { Queue, Worker } from "bullmq";
import { afterEach, expect, vi } from "vitest";
import { QUEUE } from "../src/commands/sweep/redis/connection.js";
import { RedisRunner } from "../src/commands/sweep/redis/runner.js";
import type { Sweep } from "../src/commands/sweep/sweepFile.js";
import type { Trial } from "../src/commands/sweep/trial.js";
import { scratchFolder } from "./support/cli.js";
import { freePort, startRedis, testWithRedis } from "./support/redis.js";

/* The moments at which a sweep looks how a worker's trial stands. */

const scratch = scratchFolder();

afterEach(() => vi.restoreAllMocks());

testWithRedis("a trial that ends while it is looked at has its result", async () => {
  const port = await freePort();
  await startRedis(scratch("redis"), port);
  // each answer about a job that has not ended comes when it has: it is out of date at once
  const getJob = Queue.prototype.getJob;
  vi.spyOn(Queue.prototype, "getJob").mockImplementation(async function (this: Queue, id: string) {
    const job = await getJob.call(this, id);
    if (job) await vi.waitUntil(() => job.isCompleted(), { timeout: 20_000, interval: 5 });
    return job;
  });
  const runner = await RedisRunner.connect(`redis://127.0.0.1:${port}`, { id: "one" } as Sweep, () => {});
  const result = { outcome: { status: "done" }, seconds: 1.5, trained: 2, where: "here" };
  const worker = new Worker(QUEUE, async () => result, { connection: { host: "127.0.0.1", port } });
  try {
    const words = ["--data", "mnist", "--model", "one-conv"];
    const trial = { id: "t", words, epochs: 1, allEpochs: 1, training: "t" } as unknown as Trial;
    expect(await runner.run(trial, () => {})).toEqual({ ...result, attempts: 1 });
  } finally {
    await worker.close();
    await runner.close();
  }
});
