import { type Augmenter, createAugmenter } from "../../augment/augmenter.js";
import { BLOCK } from "../../compiler/block.js";
import { STATISTICS } from "../../compiler/kernels/softmaxCrossEntropy.js";
import type { ChunkKernel } from "../../compiler/stages.js";
import { maskKey } from "../../layers/dropoutMask.js";
import type { Context } from "../../layers/layer.js";
import { log } from "../../math.js";
import { LOOK_EVERY } from "../../optimizers/flush.js";
import { firstSteps, LEARNT } from "../signs.js";
import type { Control } from "./control.js";
import { fillBorders, type MemoryLayout, type Named, type StageLayout } from "./layout.js";
import { type Kernel, type RunnableParameterStage, sum, Updates } from "./updates.js";
import { type EpochJob, type InferenceJob, PROGRESS } from "./work.js";

/** Images in a row, and the memory that they are copied to, both in chunks of the same size: so many for each image. */
interface Pixels {
  readonly source: Uint8Array | BigInt64Array;
  readonly target: Uint8Array | BigInt64Array;
  readonly length: number;
}

interface RunnableBlockStage {
  readonly each: "block";
  readonly kernels: readonly Kernel[];
  readonly loss: boolean;
  /** Whether it is the first, for which images are loaded and slots cleared. */
  readonly first: boolean;
}

/** As `StageLayout`, with the functions. */
type RunnableStage =
  | { readonly each: "thread"; readonly kernels: readonly Kernel[] }
  | RunnableBlockStage
  | { readonly each: "chunk"; readonly chunks: readonly Chunk[] }
  | RunnableParameterStage;

/** A kernel's work on one chunk, and how far that lies from the first, in bytes. */
interface Chunk {
  readonly run: Kernel;
  readonly weightBytes: number;
  readonly blockBytes: number;
}

/** A batch that is being trained on. */
interface Batch {
  readonly job: EpochJob;
  readonly pixels: Pixels;
  /** Where it begins in the order. */
  readonly from: number;
  readonly count: number;
  readonly blocks: number;
  /** The sum of what its images count. */
  readonly weight: number;
  /** Counted from 1, over all epochs. */
  readonly step: number;
}

/** What a step found out about its batch, before its update. */
interface Found {
  /** The sum over its images, or with class weights over what they count. */
  readonly loss: number;
  readonly correct: number;
}

/**
 * What one of the threads does. All threads run the same code, and each takes the next slot, chunk or block when it is
 * done with one. The work is given as generators that pause now and then, within a step too, so that it can also run on a
 * thread that has to listen now and then.
 */
export class Thread {
  readonly #kernels: Record<string, Kernel>;
  readonly #layout: MemoryLayout;
  readonly #thread: number;
  readonly #control: Control;
  readonly #workspace: number;
  readonly #stages: readonly RunnableStage[];
  /** The whole memory, as bytes and as numbers. */
  readonly #memory: Uint8Array;
  readonly #numbers: Float32Array;
  readonly #words: Uint32Array;
  readonly #updates: Updates;
  readonly #augment: Augmenter | undefined;
  readonly #absurdLoss: number;
  readonly #firstSteps: number;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    layout: MemoryLayout,
    thread: number,
    control: Control,
  ) {
    this.#kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, Kernel>;
    this.#layout = layout;
    this.#thread = thread;
    this.#control = control;
    this.#workspace = layout.workspaces + thread * layout.workspaceBytes;
    this.#memory = new Uint8Array(memory.buffer);
    this.#numbers = new Float32Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#updates = new Updates(this.#kernels, layout, this.#numbers, control);
    const firstOfBlocks = layout.stages.find(({ each }) => each === "block");
    this.#stages = layout.stages.map((stage) => this.#runnable(stage, stage === firstOfBlocks));
    const { augment, seed = 0 } = layout.training ?? {};
    this.#augment = augment && createAugmenter(augment, layout.imageShape, seed);
    this.#absurdLoss = layout.absurdLoss;
    this.#firstSteps = firstSteps(layout.training?.batchSize ?? 1);
    fillBorders(this.#numbers, layout.minusInfinity, this.#workspace);
  }

  #runnable(stage: StageLayout, first: boolean): RunnableStage {
    switch (stage.each) {
      case "thread":
        return { each: "thread", kernels: stage.kernels.map((name) => this.#kernels[name]) };
      case "block": {
        const kernels = stage.kernels.map((name) => this.#kernels[name]);
        return { each: "block", kernels, loss: stage.loss, first };
      }
      case "chunk":
        return { each: "chunk", chunks: stage.kernels.flatMap((kernel) => this.#chunksOf(kernel)) };
      case "parameters":
        return this.#updates.runnable(stage);
    }
  }

  #chunksOf({ name, chunks, weightBytes, blockBytes }: Named<ChunkKernel>): Chunk[] {
    const run = this.#kernels[name];
    return Array.from({ length: chunks }, (_, k) => ({
      run,
      weightBytes: k * weightBytes,
      blockBytes: k * blockBytes,
    }));
  }

  *epoch(job: EpochJob): Generator<void, void> {
    const { training, block: size } = this.#layout;
    if (training === undefined) throw new Error("planned for inference");
    const { order } = job;
    const pixels = this.#pixels(job.images);
    for (let from = 0, step = 0; from < order.length; from += training.batchSize, step++) {
      const count = Math.min(training.batchSize, order.length - from);
      const blocks = Math.ceil(count / size);
      if (this.#thread === 0) this.#control.decideStop();
      const number = job.firstStep + step + 1;
      const weight = this.#weightOf(job, from, count);
      this.#updates.begin(number, job.learningRates[step]);
      const found = yield* this.#step({ job, pixels, from, count, blocks, weight, step: number });
      if (!found) return;
      const { loss, correct } = found;
      const lossOfImages = weight === count ? loss : (loss / weight) * count;
      if (this.#thread === 0) this.#count(job.progress, number, count, lossOfImages, correct);
    }
  }

  /** What the images of a batch count together: one each, or as much as their classes' weights say, in their order. */
  #weightOf({ order, labels }: EpochJob, from: number, count: number): number {
    const weights = this.#layout.training?.weights;
    if (weights === undefined) return count;
    let weight = 0;
    for (let n = from; n < from + count; n++) weight += weights.counts[labels[order[n]]];
    return weight;
  }

  /**
   * All stages of a step.
   * @returns the sum of what its images lost, and how many were right; undefined if it ended before its end: a thread has died,
   *   someone wants to stop, or the loss is no number
   */
  *#step(batch: Batch): Generator<void, Found | undefined> {
    const { job, blocks, weight, step } = batch;
    let found: Found | undefined;
    for (const stage of this.#stages) {
      switch (stage.each) {
        case "thread":
          for (const kernel of stage.kernels) kernel(this.#workspace, 0, blocks, this.#layout.blocks.offset);
          break;
        case "block":
          yield* this.#blocks(stage, batch);
          if (!this.#control.barrier() || this.#control.stopped) return undefined;
          if (!stage.loss) break;
          // now, because after the step's last barrier other threads may already write those of the next one
          found = { loss: sum(job.lossOfBlock, blocks), correct: sum(job.correctOfBlock, blocks) };
          if (Number.isFinite(found.loss)) break;
          this.#diverge(job, found.loss / weight);
          return undefined;
        case "chunk":
          if (!this.#chunks(stage.chunks, blocks)) return undefined;
          break;
        case "parameters":
          if (!this.#updates.run(stage, job, step)) return undefined;
      }
    }
    return found;
  }

  /** Runs this thread's share of the blocks through a stage: block k adds to slot k mod S, in order. */
  *#blocks(stage: RunnableBlockStage, batch: Batch): Generator<void, void> {
    const { slots } = this.#layout;
    for (let slot = this.#control.claim(); slot < slots.length; slot = this.#control.claim()) {
      if (stage.first) this.#clear(slots[slot]);
      for (let block = slot; block < batch.blocks; block += slots.length) {
        this.#block(stage, batch, block, slots[slot]);
        yield;
      }
    }
  }

  /** Adds a step to the totals. */
  #count(progress: Float64Array, step: number, images: number, loss: number, correct: number): void {
    progress[PROGRESS.steps] += 1;
    progress[PROGRESS.images] += images;
    progress[PROGRESS.loss] += loss;
    progress[PROGRESS.correct] += correct;
    const mean = loss / images;
    if (step <= this.#firstSteps) progress[PROGRESS.firstLoss] = Math.max(progress[PROGRESS.firstLoss], mean);
    if (mean > this.#absurdLoss) progress[PROGRESS.absurdSteps] += 1;
    if (step % LOOK_EVERY !== 0) return;
    const alive = progress[PROGRESS.alive] === 1 || mean < LEARNT;
    progress[PROGRESS.idleSteps] = alive ? 0 : progress[PROGRESS.idleSteps] + LOOK_EVERY;
    progress[PROGRESS.alive] = 0;
  }

  /** Sets the gradients of a slot to zero. */
  #clear(slot: number): void {
    this.#memory.fill(0, slot, slot + 4 * this.#layout.slotLength);
  }

  /** Runs a block through a stage; what it has gradients for is added to a slot. */
  #block(
    stage: RunnableBlockStage,
    { job, pixels, from, count, weight, step }: Batch,
    block: number,
    slot: number,
  ): void {
    const { block: size, blocks, labels, scale, mask, training } = this.#layout;
    const each = training?.labelsPerImage ?? 1;
    const first = from + block * size;
    const real = Math.min(size, from + count - first);
    for (let n = 0; n < size; n++) {
      const image = job.order[first + (n < real ? n : 0)];
      if (stage.first && this.#augment) this.#loadChanged(this.#augment, job, image, n, n < real);
      else if (stage.first) this.#load(pixels, image, n);
      for (let k = 0; k < each; k++) {
        this.#numbers[(this.#workspace + labels) / 4 + k * BLOCK + n] =
          n < real ? job.labels[image * each + k] : 0;
      }
      this.#numbers[(this.#workspace + scale) / 4 + n] = n < real ? 1 / weight : 0;
      this.#numbers[(this.#workspace + mask) / 4 + n] = n < real ? 1 : 0;
    }
    this.#drawKeys(step, block * size);
    const own = blocks.offset + block * blocks.strideBytes;
    for (const kernel of stage.kernels) kernel(this.#workspace, slot, 0, own);
    if (stage.loss) this.#note(job, block, real);
  }

  /** Writes where layers look for them the keys of the masks of a block whose first image has this place in the batch. */
  #drawKeys(step: number, place: number): void {
    const { keys, block: size, training } = this.#layout;
    for (const { node, offset } of keys) {
      const start = (this.#workspace + offset) / 4;
      const context: Context = { mode: "training", seed: training?.seed ?? 0, step, node };
      for (let n = 0; n < size; n++) this.#words[start + n] = maskKey(context, place + n);
    }
  }

  /**
   * Copies an image into place `n` of the workspace's block. Of a short block the rest gets its first image again: their
   * gradients are made zero by `scale`, which needs finite ones, and an image from before might overflow.
   */
  #load({ source, target, length }: Pixels, image: number, n: number): void {
    const { bytes } = this.#layout;
    const from = image * length;
    const to = (this.#workspace + bytes) / target.BYTES_PER_ELEMENT + n * length;
    // `set` of a `subarray` would make two objects for each image: much for a step that has only one
    for (let k = 0; k < length; k++) target[to + k] = source[from + k];
  }

  /** As `#load`, but changed as chance has it: what fills a short block up is its first image as that was changed. */
  #loadChanged(
    augment: Augmenter,
    { images, epoch }: EpochJob,
    index: number,
    n: number,
    isReal: boolean,
  ): void {
    const { bytes, imageSize } = this.#layout;
    const start = this.#workspace + bytes;
    if (isReal) augment({ epoch, index }, images, index * imageSize, this.#memory, start + n * imageSize);
    else this.#memory.copyWithin(start + n * imageSize, start, start + imageSize);
  }

  /** How images are copied into the memory: eight pixels at a time, if they can be read so. */
  #pixels(images: Uint8Array): Pixels {
    const { imageSize } = this.#layout;
    if (imageSize % 8 !== 0 || images.byteOffset % 8 !== 0) {
      return { source: images, target: this.#memory, length: imageSize };
    }
    return {
      source: new BigInt64Array(images.buffer, images.byteOffset, images.length / 8),
      target: new BigInt64Array(this.#memory.buffer),
      length: imageSize / 8,
    };
  }

  #note({ lossOfBlock, correctOfBlock }: EpochJob, block: number, count: number): void {
    const start = (this.#workspace + this.#layout.statistics) / 4;
    const labels = (this.#workspace + this.#layout.labels) / 4;
    const totals = this.#layout.training?.weights?.totals;
    let loss = 0;
    let correct = 0;
    for (let n = 0; n < count; n++) {
      const total = totals === undefined ? 1 : totals[this.#numbers[labels + n]];
      loss +=
        total * log(this.#numbers[start + STATISTICS.sum + n]) - this.#numbers[start + STATISTICS.margin + n];
      correct += this.#numbers[start + STATISTICS.correct + n];
    }
    lossOfBlock[block] = loss;
    correctOfBlock[block] = correct;
  }

  /** Computes what waits for all blocks. False if a thread has died. */
  #chunks(chunks: readonly Chunk[], blocks: number): boolean {
    for (let k = this.#control.claim(); k < chunks.length; k = this.#control.claim()) {
      const { run, weightBytes, blockBytes } = chunks[k];
      run(this.#workspace, weightBytes, blocks, blockBytes);
    }
    return this.#control.barrier();
  }

  #diverge({ progress }: EpochJob, loss: number): void {
    if (this.#thread !== 0) return;
    progress[PROGRESS.diverged] = 1;
    progress[PROGRESS.badLoss] = loss;
  }

  *infer({ images, logits, done, isPrepared }: InferenceJob): Generator<void, void> {
    const { imageSize, classes, logitsStride, block: size } = this.#layout;
    const count = images.length / imageSize;
    const pixels = this.#pixels(images);
    const kernels = (each: "thread" | "block") =>
      this.#stages.flatMap((stage) => (stage.each === each ? stage.kernels : []));
    const forward = kernels("block");
    if (!isPrepared) for (const kernel of kernels("thread")) kernel(this.#workspace, 0, 0, 0);
    for (let block = this.#control.claim(); block < count / size; block = this.#control.claim()) {
      if (this.#control.aborted) return;
      const first = block * size;
      const real = Math.min(size, count - first);
      for (let n = 0; n < size; n++) this.#load(pixels, first + (n < real ? n : 0), n);
      for (const kernel of forward) kernel(this.#workspace, 0, 0, 0);
      const start = (this.#workspace + this.#layout.logits) / 4;
      for (let n = 0; n < real; n++) {
        for (let k = 0; k < classes; k++)
          logits[(first + n) * classes + k] = this.#numbers[start + k * logitsStride + n];
      }
      Atomics.add(done, 0, real);
      yield;
    }
  }
}
