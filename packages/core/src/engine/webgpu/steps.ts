import { type Augmenter, augmented, createAugmenter } from "../../augment/augmenter.js";
import { resolveAugment } from "../../augment/options.js";
import { STEP } from "../../compiler/kernels/optimizer.js";
import type { BatchPlan } from "../../compiler/webgpu/plan.js";
import { LOOKERS } from "../../compiler/webgpu/step.js";
import { countOf, type Dataset, labelsPerImage } from "../../data/dataset.js";
import type { Buffer } from "../../ir/ir.js";
import { known } from "../../known.js";
import { maskKey } from "../../layers/dropoutMask.js";
import { totalTarget } from "../../losses/softmaxCrossEntropy.js";
import { log } from "../../math.js";
import { adamCorrections } from "../../optimizers/adam.js";
import { LOOK_EVERY } from "../../optimizers/flush.js";
import { type OptimizerOptions, resolveOptimizer } from "../../optimizers/index.js";
import { sizeOf } from "../../tensor.js";
import type { TrainingOptions } from "../engine.js";
import { placeIn } from "./places.js";
import {
  type Dispatch,
  GPU_COPY_DST,
  GPU_COPY_SRC,
  GPU_MAP_READ,
  MAP_READ,
  type Program,
  run,
} from "./program.js";

/*
 * Several steps at once: what the device needs for them is written beforehand, a record for each, and what is to be read
 * afterwards is gathered, again a record for each.
 */

/** At most so many steps are submitted together. */
export const MOST_STEPS = 64;

/** At most so many submissions are under way. */
const SUBMISSIONS = 2;

/** What came of a step. */
export interface StepResult {
  readonly images: number;
  /** Sum over the images; how they are weighed is settled. */
  readonly loss: number;
  readonly correct: number;
  /** Whether some weight had a gradient other than zero; undefined: that wasn't looked at. */
  readonly alive: boolean | undefined;
}

/** How many bytes of changed images are written at once, at most. */
const MOST_CHANGED = 2 ** 25;

/** How many images lie on the device: all of a data set, or those of some steps, if each is changed before it is used. */
export function imagesOnDevice(data: Dataset, { augment, batchSize }: TrainingOptions): number {
  if (augment === undefined) return countOf(data);
  const imageSize = sizeOf(data.shape);
  return Math.ceil((strideOf(batchSize, imageSize) * stepsOfChanged(batchSize, imageSize)) / imageSize);
}

/** How far the images of the next step lie from a step's, in bytes: what is written begins at a whole number. */
const strideOf = (batchSize: number, imageSize: number) => Math.ceil((batchSize * imageSize) / 4) * 4;

function stepsOfChanged(batchSize: number, imageSize: number): number {
  return Math.max(1, Math.min(MOST_STEPS, Math.floor(MOST_CHANGED / (batchSize * imageSize))));
}

/** A batch of an epoch. */
export interface StepInput {
  readonly indices: Uint32Array;
  readonly learningRate: number;
  /** Counted from 1, over all epochs. */
  readonly number: number;
  /** Which epoch it is a part of, counted from 1. */
  readonly epoch: number;
}

interface Part {
  readonly buffer: Buffer;
  /** Where it lies in a record, in numbers. */
  readonly at: number;
}

/** Writes steps' records, runs the steps and reads what came of them. */
export class Steps {
  readonly #device: GPUDevice;
  readonly #program: Program;
  readonly #plan: BatchPlan;
  readonly #data: Dataset;
  readonly #options: TrainingOptions;
  readonly #optimizer: OptimizerOptions;
  /** Where each image of a batch lies within a cell. */
  readonly #places: Uint32Array;
  readonly #record: Float32Array;
  readonly #bits: Uint32Array;
  /** The parts of a record that are copied to where the kernels look for them. */
  readonly #parts: readonly Part[];
  readonly #recordSize: number;
  readonly #inbox: GPUBuffer;
  readonly #resultSize: number;
  /** For what comes of submissions; those that are under way have theirs. */
  readonly #outboxes: GPUBuffer[];
  readonly #everyStep: readonly Dispatch[];
  readonly #at: Readonly<Record<"step" | "labels" | "scale" | "mask" | "places", number>>;
  readonly #keysAt: readonly number[];
  readonly #totals: readonly number[] | undefined;
  readonly #augment: Augmenter | undefined;
  /** How many steps can be submitted together. */
  readonly most: number;

  constructor(device: GPUDevice, program: Program, data: Dataset, options: TrainingOptions) {
    this.#device = device;
    this.#program = program;
    this.#plan = program.plan;
    this.#data = data;
    this.#options = options;
    const { step, batch, model } = program.plan;
    this.#optimizer = resolveOptimizer(options.optimizer);
    this.#places = Uint32Array.from({ length: batch.size }, (_, n) => placeIn(batch.size, n));
    let size = 0;
    const parts: Part[] = [];
    const take = (buffer: Buffer) => {
      const wide = batch.buffer(buffer);
      const at = size;
      parts.push({ buffer: wide, at });
      size += Math.ceil(wide.size / 4) * 4;
      return at;
    };
    this.#at = {
      step: take(step.step),
      labels: take(step.labels),
      scale: take(step.scale),
      mask: take(step.mask),
      places: take(step.places),
    };
    this.#keysAt = step.keys.map(({ buffer }) => take(buffer));
    this.#parts = parts;
    this.#recordSize = size;
    this.#record = new Float32Array(size * MOST_STEPS);
    this.#bits = new Uint32Array(this.#record.buffer);
    this.#inbox = device.createBuffer({ size: 4 * size * MOST_STEPS, usage: GPU_COPY_SRC | GPU_COPY_DST });
    this.#resultSize = batch.buffer(step.statistics).size + step.largest.size;
    this.#outboxes = Array.from({ length: SUBMISSIONS }, () => this.#newOutbox());
    this.#everyStep = program.kernels.filter(({ seldom }) => !seldom);
    const augment = resolveAugment(options.augment, model.inputShape);
    this.#augment = augment && createAugmenter(augment, model.inputShape, options.seed ?? 0);
    this.most = augment ? stepsOfChanged(options.batchSize, sizeOf(model.inputShape)) : MOST_STEPS;
    this.#totals = options.classWeights?.map((_, k) => totalTarget(model.loss, k));
  }

  /** How many kernels a step dispatches, but for those of every 16th. */
  get dispatches(): number {
    return this.#everyStep.length;
  }

  /** Submits steps, when at most one submission before has not been read; what came of them can be read when the device is done. */
  submit(steps: readonly StepInput[]): () => Promise<StepResult[]> {
    for (const [k, step] of steps.entries()) {
      this.#writeChanged(step, k);
      this.#write(step, k);
    }
    const bytes = 4 * this.#recordSize * steps.length;
    this.#device.queue.writeBuffer(this.#inbox, 0, this.#record.buffer as ArrayBuffer, 0, bytes);
    const outbox = known(this.#outboxes.pop());
    const encoder = this.#device.createCommandEncoder();
    for (const [k, step] of steps.entries()) this.#encode(encoder, step, k, outbox);
    this.#device.queue.submit([encoder.finish()]);
    return async () => {
      await outbox.mapAsync(MAP_READ, 0, 4 * this.#resultSize * steps.length);
      const numbers = new Float32Array(outbox.getMappedRange(0, 4 * this.#resultSize * steps.length));
      const results = steps.map((step, k) =>
        this.#result(step, numbers.subarray(k * this.#resultSize, (k + 1) * this.#resultSize)),
      );
      outbox.unmap();
      this.#outboxes.push(outbox);
      return results;
    };
  }

  free(): void {
    this.#inbox.destroy();
    for (const outbox of this.#outboxes) outbox.destroy();
  }

  #newOutbox(): GPUBuffer {
    return this.#device.createBuffer({
      size: 4 * this.#resultSize * MOST_STEPS,
      usage: GPU_MAP_READ | GPU_COPY_DST,
    });
  }

  #encode(encoder: GPUCommandEncoder, { number }: StepInput, k: number, outbox: GPUBuffer): void {
    for (const { buffer, at } of this.#parts) {
      const to = this.#program.where(buffer);
      encoder.copyBufferToBuffer(
        this.#inbox,
        4 * (k * this.#recordSize + at),
        to.buffer,
        to.offset,
        4 * buffer.size,
      );
    }
    const looks = number % LOOK_EVERY === 0;
    const pass = encoder.beginComputePass();
    for (const dispatch of looks ? this.#program.kernels : this.#everyStep) run(pass, dispatch);
    pass.end();
    const statistics = this.#plan.batch.buffer(this.#plan.step.statistics);
    const copyOut = (source: Buffer, at: number) => {
      const from = this.#program.where(source);
      encoder.copyBufferToBuffer(
        from.buffer,
        from.offset,
        outbox,
        4 * (k * this.#resultSize + at),
        4 * source.size,
      );
    };
    copyOut(statistics, 0);
    if (looks && this.#plan.step.largest.size > 0) copyOut(this.#plan.step.largest, statistics.size);
  }

  /** Writes a step's images as chance has changed them. */
  #writeChanged({ indices, epoch }: StepInput, k: number): void {
    if (this.#augment === undefined) return;
    const { images, shape } = this.#data;
    const changed = augmented(this.#augment, images, shape, indices, epoch);
    const offset = k * strideOf(this.#options.batchSize, sizeOf(shape));
    const { images: all } = this.#plan;
    this.#program.write({ ...all, offset: all.offset + offset, size: changed.length }, changed);
  }

  #write({ indices, learningRate, number }: StepInput, k: number): void {
    const start = k * this.#recordSize;
    const { batch, model, step } = this.#plan;
    const { seed = 0 } = this.#options;
    const numbers = this.#record;
    const at = this.#at;
    const optimizer = this.#optimizer;
    numbers[start + at.step + STEP.learningRate] = learningRate;
    if (optimizer.type !== "sgd") {
      const [correction1, correction2] = adamCorrections(optimizer, number);
      numbers[start + at.step + STEP.correction1] = correction1;
      numbers[start + at.step + STEP.correction2] = correction2;
    }
    const count = indices.length;
    const each = labelsPerImage(this.#data);
    const { labels } = this.#data;
    const weight = this.#weightOf(indices);
    const imageSize = sizeOf(model.inputShape);
    for (let n = 0; n < batch.size; n++) {
      const isReal = n < count;
      const place = this.#places[n];
      // what only fills the batch is its first image again: its gradients are made zero by `scale`, which needs finite ones
      const image = indices[isReal ? n : 0];
      this.#bits[start + at.places + place] = this.#augment
        ? k * strideOf(this.#options.batchSize, imageSize) + (isReal ? n : 0) * imageSize
        : image * imageSize;
      for (let c = 0; c < each; c++) {
        numbers[start + at.labels + c * batch.size + place] = isReal ? labels[image * each + c] : 0;
      }
      numbers[start + at.scale + place] = isReal ? 1 / weight : 0;
      numbers[start + at.mask + place] = isReal ? 1 : 0;
    }
    for (const [key, { node }] of step.keys.entries()) {
      const context = { mode: "training", seed, step: number, node } as const;
      for (let n = 0; n < count; n++)
        this.#bits[start + this.#keysAt[key] + this.#places[n]] = maskKey(context, n);
    }
  }

  /** What images count together: one each, or as much as their classes' weights say, in their order. */
  #weightOf(indices: Uint32Array): number {
    const { classWeights } = this.#options;
    if (classWeights === undefined) return indices.length;
    const { labels } = this.#data;
    let weight = 0;
    for (let n = 0; n < indices.length; n++) weight += classWeights[labels[indices[n]]];
    return weight;
  }

  #result({ indices, number }: StepInput, numbers: Float32Array): StepResult {
    const { size } = this.#plan.batch;
    const { labels } = this.#data;
    const totals = this.#totals;
    let [loss, correct] = [0, 0];
    for (let n = 0; n < indices.length; n++) {
      const place = this.#places[n];
      const sum = numbers[place];
      // a sum of 1 is that of a loss without a logarithm
      const logarithm = sum === 1 ? 0 : log(sum);
      loss +=
        (totals === undefined ? logarithm : totals[labels[indices[n]]] * logarithm) - numbers[size + place];
      correct += numbers[2 * size + place];
    }
    const looked = number % LOOK_EVERY === 0;
    const found = numbers.subarray(3 * size);
    const count = indices.length;
    return {
      images: count,
      loss: totals ? (loss / this.#weightOf(indices)) * count : loss,
      correct,
      alive: looked ? found.length < LOOKERS || found.some((number) => number !== 0) : undefined,
    };
  }
}
