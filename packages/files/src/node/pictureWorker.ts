import { parentPort } from "node:worker_threads";
import { decodeBatch } from "./decodeBatch.js";
import type { Batch } from "./messages.js";

/* A thread that decodes pictures. */

parentPort?.on("message", async (batch: Batch) => {
  const answer = await decodeBatch(batch);
  parentPort?.postMessage(answer, [answer.pixels.buffer as ArrayBuffer, answer.sizes.buffer as ArrayBuffer]);
});
