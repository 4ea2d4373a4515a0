import { CHUNK } from "../../compiler/kernels/optimizer.js";
import { FailureError } from "../../errors.js";
import type { EpochTotals } from "../engine.js";
import { NOTHING } from "../signs.js";
import type { Allocate } from "./buffers.js";
import { fillBorders, type MemoryLayout } from "./layout.js";
import type { Code, EpochRequest, EpochResult, TrainingRows, TrainingStart } from "./pool.js";
import { type EpochJob, type InferenceJob, PROGRESS } from "./work.js";

/*
 * What threads work on, in memory that is shared or isn't.
 */

/** Bytes in a page of WebAssembly's memory. */
export const PAGE = 65536;

/** @throws FailureError if there isn't so much */
export function allocateMemory({ pages }: Code, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    const bytes = (pages * PAGE).toLocaleString("en-US");
    throw new FailureError(
      `The network needs ${bytes} bytes of memory, which are not to be had here; make it smaller, or the batches, or use fewer threads.`,
    );
  }
}

/**
 * Makes the memory of all blocks what kernels expect it to be. Before any thread has the memory: one that fills it itself would
 * write over what faster ones have already left there.
 */
export function prepareBlocks(memory: WebAssembly.Memory, layout: MemoryLayout): void {
  const { blocks, block: size, training, minusInfinityOfBlocks } = layout;
  const numbers = new Float32Array(memory.buffer);
  for (let block = 0; block < Math.ceil((training?.batchSize ?? 0) / size); block++) {
    fillBorders(numbers, minusInfinityOfBlocks, blocks.offset + block * blocks.strideBytes);
  }
}

export function writeRow(memory: WebAssembly.Memory, layout: MemoryLayout, parameters: Float32Array): void {
  new Float32Array(memory.buffer, layout.parameters, layout.rowLength).set(parameters);
}

/** What the network is to be used with: the parameters, or their average, if there is one. */
export function readRow(
  memory: WebAssembly.Memory,
  { average, parameters, rowLength }: MemoryLayout,
): Float32Array {
  return new Float32Array(memory.buffer, average ?? parameters, rowLength).slice();
}

/** What a training begins with, in memory that is all zero. */
export function writeStart(memory: WebAssembly.Memory, layout: MemoryLayout, start: TrainingRows): void {
  const rows = rowsIn(memory, layout);
  rows.parameters.set(start.parameters);
  if (start.average) rows.average?.set(start.average);
  for (const [k, row] of start.memory.entries()) rows.memory[k].set(row);
}

/** What a training has come to. */
export function readRows(memory: WebAssembly.Memory, layout: MemoryLayout): TrainingRows {
  const { parameters, average, memory: remembered } = rowsIn(memory, layout);
  return {
    parameters: parameters.slice(),
    average: average?.slice(),
    memory: remembered.map((row) => row.slice()),
  };
}

/** The rows where they lie. */
function rowsIn({ buffer }: WebAssembly.Memory, layout: MemoryLayout): TrainingRows {
  const { parameters, average, state, rowLength, parameterLength } = layout;
  return {
    parameters: new Float32Array(buffer, parameters, rowLength),
    average: average === undefined ? undefined : new Float32Array(buffer, average, rowLength),
    memory: state.map((offset) => new Float32Array(buffer, offset, parameterLength)),
  };
}

export function epochJob(
  layout: MemoryLayout,
  { images, labels }: TrainingStart,
  { order, learningRates, firstStep, epoch, before }: EpochRequest,
  allocate: Allocate = unshared,
): EpochJob {
  const doubles = (length: number) => new Float64Array(allocate(8 * length), 0, length);
  const blocks = Math.ceil((layout.training?.batchSize ?? 0) / layout.block);
  const rates = doubles(learningRates.length);
  rates.set(learningRates);
  const indices = new Uint32Array(allocate(4 * order.length), 0, order.length);
  indices.set(order);
  const progress = doubles(PROGRESS.size);
  for (const name of TOTALS) progress[PROGRESS[name]] = before[name];
  return {
    images,
    labels,
    order: indices,
    learningRates: rates,
    firstStep,
    epoch,
    lossOfBlock: doubles(blocks),
    correctOfBlock: doubles(blocks),
    squaresOfChunk: doubles(Math.ceil(layout.rowLength / CHUNK)),
    progress,
  };
}

export function totalsOf({ progress }: EpochJob): EpochTotals {
  return Object.fromEntries(TOTALS.map((name) => [name, progress[PROGRESS[name]]])) as Record<
    keyof EpochTotals,
    number
  >;
}

const TOTALS = Object.keys(NOTHING) as (keyof EpochTotals)[];

/** What came of an epoch that has ended. */
export function epochResult(job: EpochJob, parameters: Float32Array): EpochResult {
  const { progress } = job;
  const badLoss = progress[PROGRESS.diverged] === 1 ? progress[PROGRESS.badLoss] : undefined;
  return { totals: totalsOf(job), badLoss, parameters };
}

/**
 * @param images in memory that all threads see
 * @param isPrepared whether the parameters are those of the program's last job
 */
export function inferenceJob(
  { imageSize, classes }: MemoryLayout,
  images: Uint8Array,
  isPrepared: boolean,
  allocate: Allocate = unshared,
): InferenceJob {
  const numbers = (images.length / imageSize) * classes;
  return {
    images,
    isPrepared,
    logits: new Float32Array(allocate(4 * numbers), 0, numbers),
    done: new Int32Array(allocate(4), 0, 1),
  };
}

/** The same bytes in memory that threads can share. */
export function shareable(bytes: Uint8Array, allocate: Allocate): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(allocate(bytes.length), 0, bytes.length);
  copy.set(bytes);
  return copy;
}

const unshared: Allocate = (bytes) => new ArrayBuffer(bytes);
