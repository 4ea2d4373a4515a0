import type { Command } from "commander";
import { wholeNumber } from "../options.js";
import type { WorkerOptions } from "./sweep/redis/worker.js";

export function defineWorker(command: Command): void {
  command
    .description(
      "Does trials of sweeps that were started with --redis, until it is interrupted. Any number of workers, on any machines, share the work; it needs the packages bullmq and ioredis.",
    )
    .requiredOption("--redis <url>", "the server that the sweeps use: redis://host:6379")
    .option(
      "--concurrency <n>",
      "trials at a time, each on one thread (default: as many as cores)",
      wholeNumber("--concurrency", 1, 1024),
    )
    .option("--quiet", "say nothing")
    .addHelpText(
      "after",
      `
Whoever can reach the Redis server can give it work, but no code: trials are
options of "unravel train". Keep it in a network that you trust.

Examples:
  unravel worker --redis redis://localhost:6379
  unravel worker --redis redis://10.0.0.5:6379 --concurrency 2`,
    )
    .action(async (options: WorkerOptions) => {
      const { worker } = await import("./sweep/redis/worker.js");
      await worker(options);
    });
}
