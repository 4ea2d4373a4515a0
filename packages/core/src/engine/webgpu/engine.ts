import { planBatch } from "../../compiler/webgpu/plan.js";
import { type Dataset, labelsPerImage } from "../../data/dataset.js";
import { type Folding, foldParameters, planFolding } from "../../graph/fold.js";
import { type Model, withClassWeights } from "../../graph/model.js";
import { checkParameters } from "../../graph/parameters.js";
import { listening } from "../../listening.js";
import { resolveOptimizer } from "../../optimizers/index.js";
import { copyAll, type NamedTensors, sizeOf } from "../../tensor.js";
import type { Engine, InferenceOptions, TrainingOptions, TrainingRun } from "../engine.js";
import { closedError } from "../failures.js";
import { checkInference, checkTraining } from "../inputs.js";
import { firstAverage, optimizerMemory } from "../optimizerState.js";
import { memoryRowOf, rowOf } from "../wasm/row.js";
import { checkDevice, type Device, fromDevice, openDevice } from "./device.js";
import type { Gpu } from "./gpu.js";
import { placeIn } from "./places.js";
import { Program, run } from "./program.js";
import { imagesOnDevice } from "./steps.js";
import { learntBy, WebGpuTraining } from "./training.js";

/** How many images are predicted at a time: few, or many. */
const INFERENCE_SIZES = [8, 256] as const;

/** Trains on a GPU: everything but the order of the images and the totals is computed there. */
export class WebGpuEngine implements Engine {
  readonly name = "webgpu";
  readonly threads = 1;
  /** The same bits come out on the same device only. */
  readonly strict = false;
  readonly model: Model;
  readonly #device: Device;
  #parameters: NamedTensors;
  readonly #folding: Folding;
  readonly #programs = new Map<number, Promise<Program>>();
  #closed = false;

  private constructor(model: Model, parameters: NamedTensors, device: Device) {
    checkParameters(model, parameters);
    this.model = model;
    this.#folding = planFolding(model);
    this.#parameters = copyAll(parameters, "float32");
    this.#device = device;
  }

  /** @throws InputError if there is no GPU here, or the parameters are wrong; GpuError if it gives no device */
  static async open(model: Model, parameters: NamedTensors, gpu: Gpu | undefined): Promise<WebGpuEngine> {
    return new WebGpuEngine(model, parameters, await openDevice(gpu));
  }

  get adapter(): string {
    return this.#device.adapter;
  }

  /** Whether it says of itself that it computes on the processor. */
  get isSoftware(): boolean {
    return this.#device.isSoftware;
  }

  parameters(): NamedTensors {
    return copyAll(this.#parameters);
  }

  setParameters(parameters: NamedTensors): void {
    if (this.#closed) throw closedError();
    checkParameters(this.model, parameters);
    this.#parameters = copyAll(parameters, "float32");
  }

  async startTraining(data: Dataset, options: TrainingOptions): Promise<TrainingRun> {
    this.#checkOpen();
    checkTraining(this.model, data, options);
    const { batchSize, clip, ema, resume } = options;
    const optimizer = resolveOptimizer(options.optimizer);
    const memory = resume ? optimizerMemory(this.model, options) : [];
    const average = firstAverage(this.model, this.#parameters, options);
    const model = options.classWeights ? withClassWeights(this.model, options.classWeights) : this.model;
    const several = labelsPerImage(data) > 1;
    const plan = planBatch(model, imagesOnDevice(data, options), batchSize, {
      batchSize,
      optimizer,
      clip,
      several,
      ema,
    });
    const program = await Program.load(this.#device, plan);
    const rows = [
      rowOf(plan, this.#parameters),
      ...(plan.average ? [rowOf(plan, average ?? this.#parameters)] : []),
      ...plan.optimizerState.map(({ size }, k) =>
        memory.length > 0 ? memoryRowOf(plan, memory[k]) : new Float32Array(size),
      ),
    ];
    for (const [k, target] of learntBy(plan).entries()) program.write(target, rows[k]);
    if (options.augment === undefined) program.write(plan.images, data.images);
    if (average) this.#parameters = average;
    return new WebGpuTraining(this.#device, program, data, options, rows, {
      isClosed: () => this.#closed,
      keep: (parameters) => {
        this.#parameters = parameters;
      },
    });
  }

  async logits(images: Uint8Array, options: InferenceOptions = {}): Promise<Float32Array> {
    this.#checkOpen();
    checkInference(this.model, images, options);
    options.signal?.throwIfAborted();
    return listening(options, (listeners) => this.#infer(images, listeners));
  }

  async #infer(images: Uint8Array, { signal, onProgress }: InferenceOptions): Promise<Float32Array> {
    const imageSize = sizeOf(this.model.inputShape);
    const count = images.length / imageSize;
    const classes = this.model.classes.length;
    const logits = new Float32Array(count * classes);
    const program = await this.#inferenceProgram(INFERENCE_SIZES.find((size) => count <= size) ?? 256);
    const { plan } = program;
    program.write(plan.parameters, rowOf(plan, foldParameters(this.#folding, this.#parameters)));
    const { size } = plan.batch;
    const scores = { ...plan.batch.buffer(plan.logits.buffer) };
    for (let from = 0; from < count; from += size) {
      const real = Math.min(size, count - from);
      program.write(plan.images, images.subarray(from * imageSize, (from + real) * imageSize));
      const places = new Uint32Array(size);
      for (let n = 0; n < size; n++) places[placeIn(size, n)] = (n < real ? n : 0) * imageSize;
      program.write(plan.batch.buffer(plan.step.places), places);
      const encoder = this.#device.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const dispatch of program.kernels) run(pass, dispatch);
      pass.end();
      this.#device.device.queue.submit([encoder.finish()]);
      const [numbers] = await this.#reading(program.read([scores]));
      const start = plan.logits.start * plan.batch.groups;
      const stride = plan.logits.plane * plan.batch.groups;
      for (let n = 0; n < real; n++) {
        for (let k = 0; k < classes; k++)
          logits[(from + n) * classes + k] = numbers[start + k * stride + placeIn(size, n)];
      }
      this.#checkOpen();
      signal?.throwIfAborted();
      onProgress?.(from + real);
    }
    return logits;
  }

  async #reading<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await fromDevice(this.#device, work);
    } catch (error) {
      if (this.#closed) throw closedError(); // closing takes the device away, too
      throw error;
    }
  }

  #inferenceProgram(size: number): Promise<Program> {
    let program = this.#programs.get(size);
    if (program === undefined) {
      program = Program.load(this.#device, planBatch(this.#folding.model, size, size));
      this.#programs.set(size, program);
      // one that failed, for want of memory perhaps, is tried anew
      program.catch(() => this.#programs.delete(size));
    }
    return program;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#device.device.destroy();
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError();
    checkDevice(this.#device);
  }
}
