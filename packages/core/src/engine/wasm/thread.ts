import { STEP } from "../../compiler/kernels/optimizer.js";
import { log, power } from "../../math.js";
import type { Control } from "./control.js";
import { BLOCK, type Layout, PIECE, STATISTICS } from "./layout.js";

/** One epoch of training. All arrays are shared between the threads. */
export interface EpochJob {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly order: Uint32Array;
  readonly learningRates: Float64Array;
  /** How many steps were done before this epoch. */
  readonly firstStep: number;
  /** For each block of a batch: the sum of its losses, and how many were right. */
  readonly lossOfBlock: Float64Array;
  readonly correctOfBlock: Float64Array;
  /** For each piece of the parameters: the sum of the squares of its gradients. */
  readonly squaresOfPiece: Float64Array;
  /** Steps, images, loss and correct so far; then whether a loss that is no finite number ended the epoch, and which. */
  readonly progress: Float64Array;
}

export const PROGRESS = {
  steps: 0,
  images: 1,
  loss: 2,
  correct: 3,
  diverged: 4,
  badLoss: 5,
  size: 6,
} as const;

export interface InferenceJob {
  readonly images: Uint8Array;
  /** `[count, classes]`, to be filled. */
  readonly logits: Float32Array;
  /** One word: how many images are done, by all threads. */
  readonly done: Int32Array;
}

type Kernels = Record<string, (workspace: number, slot: number, count: number, kept: number) => void>;

/**
 * What one of the threads does. All threads run the same code, and each takes the next slot, piece or block when it is
 * done with one. The work is given as generators that pause now and then, within a step too, so that it can also run on a
 * thread that has to listen now and then.
 */
export class Thread {
  readonly #kernels: Kernels;
  readonly #layout: Layout;
  readonly #thread: number;
  readonly #control: Control;
  readonly #workspace: number;
  readonly #prepare: Kernels[string][];
  readonly #forward: Kernels[string][];
  readonly #backward: Kernels[string][];
  /** The whole memory, as bytes and as numbers. */
  readonly #memory: Uint8Array;
  readonly #numbers: Float32Array;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    layout: Layout,
    thread: number,
    control: Control,
  ) {
    this.#kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels;
    this.#layout = layout;
    this.#thread = thread;
    this.#control = control;
    this.#workspace = layout.workspaces + thread * layout.workspaceBytes;
    this.#prepare = layout.prepare.map((name) => this.#kernels[name]);
    this.#forward = layout.forward.map((name) => this.#kernels[name]);
    this.#backward = layout.backward.map((name) => this.#kernels[name]);
    this.#memory = new Uint8Array(memory.buffer);
    this.#numbers = new Float32Array(memory.buffer);
    for (const [offset, length] of layout.minusInfinity) {
      const start = (this.#workspace + offset) / 4;
      this.#numbers.fill(-Infinity, start, start + length);
    }
  }

  *epoch(job: EpochJob): Generator<void, void> {
    const { training } = this.#layout;
    if (training === undefined) throw new Error("planned for inference");
    const { order } = job;
    for (let from = 0, step = 0; from < order.length; from += training.batchSize, step++) {
      const batch = order.subarray(from, from + training.batchSize);
      if (this.#thread === 0) this.#control.decideStop();
      yield* this.#gradients(job, batch);
      if (!this.#control.barrier()) return;
      if (this.#control.stopped) return;
      const { loss, correct } = totalsOf(job, Math.ceil(batch.length / this.#layout.block));
      if (!Number.isFinite(loss)) return this.#diverge(job, loss / batch.length);
      if (!this.#batch(Math.ceil(batch.length / this.#layout.block))) return;
      if (!this.#update(job, job.firstStep + step + 1, job.learningRates[step])) return;
      if (!this.#control.barrier()) return;
      if (this.#thread === 0) {
        job.progress[PROGRESS.steps] += 1;
        job.progress[PROGRESS.images] += batch.length;
        job.progress[PROGRESS.loss] += loss;
        job.progress[PROGRESS.correct] += correct;
      }
    }
  }

  /** Runs this thread's share of a batch's blocks, forward and backward. */
  *#gradients(job: EpochJob, batch: Uint32Array): Generator<void, void> {
    const { slots, slotLength, kept } = this.#layout;
    const blocks = Math.ceil(batch.length / this.#layout.block);
    for (const kernel of this.#prepare) kernel(this.#workspace, 0, 0, 0);
    for (let slot = this.#control.claim(); slot < slots.length; slot = this.#control.claim()) {
      this.#memory.fill(0, slots[slot], slots[slot] + 4 * slotLength);
      for (let block = slot; block < blocks; block += slots.length) {
        const count = this.#load(job.images, batch, block);
        this.#label(job.labels, batch, block, count);
        const stretch = kept.offset + block * kept.stretchBytes;
        for (const kernel of this.#forward) kernel(this.#workspace, slots[slot], 0, 0);
        for (const kernel of this.#backward) kernel(this.#workspace, slots[slot], 0, stretch);
        this.#note(job, block, count);
        yield;
      }
    }
  }

  /**
   * Copies a block's images into the workspace. Returns how many there are. The rest of a short block gets the first one
   * again: its gradients are made zero by `scale`, which needs finite ones, and an image from before might overflow.
   */
  #load(images: Uint8Array, batch: Uint32Array, block: number): number {
    const { imageSize, bytes, block: size } = this.#layout;
    const count = Math.min(size, batch.length - block * size);
    for (let n = 0; n < size; n++) {
      const from = batch[block * size + (n < count ? n : 0)] * imageSize;
      this.#memory.set(images.subarray(from, from + imageSize), this.#workspace + bytes + n * imageSize);
    }
    return count;
  }

  #label(labels: Uint8Array, batch: Uint32Array, block: number, count: number): void {
    const { labels: labelBytes, scale, block: size } = this.#layout;
    for (let n = 0; n < size; n++) {
      this.#numbers[(this.#workspace + labelBytes) / 4 + n] = n < count ? labels[batch[block * size + n]] : 0;
      this.#numbers[(this.#workspace + scale) / 4 + n] = n < count ? 1 / batch.length : 0;
    }
  }

  #note({ lossOfBlock, correctOfBlock }: EpochJob, block: number, count: number): void {
    const start = (this.#workspace + this.#layout.statistics) / 4;
    let loss = 0;
    let correct = 0;
    for (let n = 0; n < count; n++) {
      loss += log(this.#numbers[start + STATISTICS.sum + n]) - this.#numbers[start + STATISTICS.margin + n];
      correct += this.#numbers[start + STATISTICS.correct + n];
    }
    lossOfBlock[block] = loss;
    correctOfBlock[block] = correct;
  }

  /** Computes what waits for all blocks. False if a thread has died. */
  #batch(blocks: number): boolean {
    const { batch } = this.#layout;
    if (batch.length === 0) return true;
    for (const { name, pieces, weightBytes, keptBytes } of batch) {
      for (let piece = this.#control.claim(); piece < pieces; piece = this.#control.claim()) {
        this.#kernels[name](piece * weightBytes, 0, blocks, piece * keptBytes);
      }
      if (!this.#control.barrier()) return false;
    }
    return true;
  }

  /** Adds the slots together and updates this thread's share of the parameters. False if a thread has died. */
  #update(job: EpochJob, step: number, learningRate: number): boolean {
    const { parameterLength, slotLength, slots, training } = this.#layout;
    if (training === undefined) return false;
    const { optimizer, clip } = training;
    this.#numbers[this.#layout.step / 4 + STEP.learningRate] = learningRate;
    if (optimizer.type !== "sgd") {
      this.#numbers[this.#layout.step / 4 + STEP.correction1] = 1 - power(optimizer.beta1, step);
      this.#numbers[this.#layout.step / 4 + STEP.correction2] = Math.sqrt(1 - power(optimizer.beta2, step));
    }
    const pieces = Math.ceil(parameterLength / PIECE);
    /** How many vectors of a piece lie in the first `length` parameters. */
    const vectorsOf = (piece: number, length: number) => Math.min(PIECE, length - piece * PIECE) / 4;
    const reduce = (piece: number, offset: number) => {
      const vectors = vectorsOf(piece, slotLength);
      if (vectors > 0) this.#kernels.reduce(offset, 0, vectors, 0);
    };
    const forEachPiece = (work: (piece: number, offset: number, vectors: number) => void) => {
      for (let piece = this.#control.claim(); piece < pieces; piece = this.#control.claim()) {
        work(piece, 4 * piece * PIECE, vectorsOf(piece, parameterLength));
      }
    };
    if (clip === undefined) {
      forEachPiece((piece, offset, vectors) => {
        reduce(piece, offset);
        this.#kernels.update(offset, 0, vectors, 0);
      });
      return true;
    }
    forEachPiece((piece, offset, vectors) => {
      reduce(piece, offset);
      const start = (slots[0] + offset) / 4;
      job.squaresOfPiece[piece] = this.#numbers
        .subarray(start, start + 4 * vectors)
        .reduce((sum, value) => sum + value * value, 0);
    });
    if (!this.#control.barrier()) return false;
    // every thread comes to the same factor, so it doesn't matter that each writes it
    const length = Math.sqrt(job.squaresOfPiece.reduce((sum, squares) => sum + squares, 0));
    this.#numbers[this.#layout.step / 4 + STEP.clipFactor] = Math.min(1, clip / (length + 1e-6));
    forEachPiece((_, offset, vectors) => this.#kernels.update(offset, 0, vectors, 0));
    return true;
  }

  #diverge({ progress }: EpochJob, loss: number): void {
    if (this.#thread !== 0) return;
    progress[PROGRESS.diverged] = 1;
    progress[PROGRESS.badLoss] = loss;
  }

  *infer({ images, logits, done }: InferenceJob): Generator<void, void> {
    const { imageSize, classes, block: size } = this.#layout;
    const count = images.length / imageSize;
    const all = Uint32Array.from({ length: size }, (_, n) => n);
    for (const kernel of this.#prepare) kernel(this.#workspace, 0, 0, 0);
    for (let block = this.#control.claim(); block < count / size; block = this.#control.claim()) {
      if (this.#control.aborted) return;
      const first = block * size;
      const batch = all.subarray(0, Math.min(size, count - first));
      this.#load(images.subarray(first * imageSize), batch, 0);
      for (const kernel of this.#forward) kernel(this.#workspace, 0, 0, 0);
      const start = (this.#workspace + this.#layout.logits) / 4;
      for (let n = 0; n < batch.length; n++) {
        for (let k = 0; k < classes; k++)
          logits[(first + n) * classes + k] = this.#numbers[start + k * BLOCK + n];
      }
      Atomics.add(done, 0, batch.length);
      yield;
    }
  }
}

function totalsOf(
  { lossOfBlock, correctOfBlock }: EpochJob,
  blocks: number,
): { loss: number; correct: number } {
  let loss = 0;
  let correct = 0;
  for (let block = 0; block < blocks; block++) {
    loss += lossOfBlock[block];
    correct += correctOfBlock[block];
  }
  return { loss, correct };
}
