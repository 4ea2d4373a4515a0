import { FailureError } from "../../errors.js";
import type { EpochTotals } from "../engine.js";
import { BLOCK, type Layout, PIECE } from "./layout.js";
import type { Code, EpochRequest, EpochResult, TrainingStart } from "./pool.js";
import { type EpochJob, type InferenceJob, PROGRESS } from "./thread.js";

/*
 * What threads work on, in memory that is shared or isn't.
 */

/** @throws FailureError if there isn't so much */
export function allocateMemory({ pages }: Code, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    const bytes = (pages * 65536).toLocaleString("en-US");
    throw new FailureError(
      `The network needs ${bytes} bytes of memory, which are not to be had here; make it smaller, or the batches, or use fewer threads.`,
    );
  }
}

export function writeRow(memory: WebAssembly.Memory, layout: Layout, parameters: Float32Array): void {
  new Float32Array(memory.buffer, layout.parameters, layout.parameterLength).set(parameters);
}

export function readRow(memory: WebAssembly.Memory, layout: Layout): Float32Array {
  return new Float32Array(memory.buffer, layout.parameters, layout.parameterLength).slice();
}

export function epochJob(
  layout: Layout,
  { images, labels }: TrainingStart,
  { order, learningRates, firstStep }: EpochRequest,
  shared: boolean,
): EpochJob {
  const doubles = (length: number) => new Float64Array(bufferOf(8 * length, shared));
  const blocks = Math.ceil((layout.training?.batchSize ?? 0) / BLOCK);
  const rates = doubles(learningRates.length);
  rates.set(learningRates);
  const indices = new Uint32Array(bufferOf(4 * order.length, shared));
  indices.set(order);
  return {
    images,
    labels,
    order: indices,
    learningRates: rates,
    firstStep,
    lossOfBlock: doubles(blocks),
    correctOfBlock: doubles(blocks),
    squaresOfPiece: doubles(Math.ceil(layout.parameterLength / PIECE)),
    progress: doubles(PROGRESS.size),
  };
}

export function totalsOf({ progress }: EpochJob): EpochTotals {
  return {
    steps: progress[PROGRESS.steps],
    images: progress[PROGRESS.images],
    loss: progress[PROGRESS.loss],
    correct: progress[PROGRESS.correct],
  };
}

/** What came of an epoch that has ended. */
export function epochResult(job: EpochJob, parameters: Float32Array): EpochResult {
  const { progress } = job;
  const badLoss = progress[PROGRESS.diverged] === 1 ? progress[PROGRESS.badLoss] : undefined;
  return { totals: totalsOf(job), badLoss, parameters };
}

export function inferenceJob(
  { imageSize, classes }: Layout,
  images: Uint8Array,
  shared: boolean,
): InferenceJob {
  const count = images.length / imageSize;
  return {
    images: shared ? shareable(images) : images,
    logits: new Float32Array(bufferOf(4 * count * classes, shared)),
    done: new Int32Array(bufferOf(4, shared)),
  };
}

/** The same bytes in memory that threads can share. */
export function shareable(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function bufferOf(bytes: number, shared: boolean): ArrayBuffer | SharedArrayBuffer {
  return shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}
