import type { BatchPlan } from "../../compiler/webgpu/plan.js";
import type { Dataset } from "../../data/dataset.js";
import type { Buffer } from "../../ir/ir.js";
import { listening } from "../../listening.js";
import { LOOK_EVERY } from "../../optimizers/flush.js";
import type { NamedTensors } from "../../tensor.js";
import { DivergedError } from "../diverged.js";
import type { EpochOptions, EpochTotals, RunState, TrainingOptions, TrainingRun } from "../engine.js";
import { closedError, closedRunError } from "../failures.js";
import { checkEpoch } from "../inputs.js";
import { absurdLoss, firstSteps, LEARNT, NOTHING } from "../signs.js";
import { memoryOf, parametersOf } from "../wasm/row.js";
import { checkDevice, type Device, fromDevice } from "./device.js";
import type { Program } from "./program.js";
import { Snapshots } from "./snapshots.js";
import { type StepInput, type StepResult, Steps } from "./steps.js";

/** About how long what is submitted at once should take. */
const SUBMISSION_MS = 40;

/** Steps that the device works on. */
interface Submitted {
  readonly inputs: readonly StepInput[];
  readonly results: () => Promise<StepResult[]>;
  readonly snapshot: (() => Promise<void>) | undefined;
}

/** When what was learnt was read back last. */
interface Kept {
  /** Over all epochs. */
  readonly steps: number;
  /** Of the epoch that isn't over, or was over last; undefined: none was begun. */
  readonly totals: EpochTotals | undefined;
}

/** What a training changes and another engine needs to go on. */
export function learntBy({ parameters, average, optimizerState }: BatchPlan): Buffer[] {
  return [parameters, ...(average ? [average] : []), ...optimizerState];
}

/** @param rows of `learntBy(plan)` */
function stateOf(plan: BatchPlan, steps: number, [now, ...others]: readonly Float32Array[]): RunState {
  const average = plan.average && others.shift();
  return {
    steps,
    memory: others.map((row) => memoryOf(plan, row)),
    parameters: parametersOf(plan, now),
    ...(average && { average: parametersOf(plan, average) }),
  };
}

export class WebGpuTraining implements TrainingRun {
  readonly #device: Device;
  readonly #program: Program;
  readonly #plan: BatchPlan;
  readonly #steps: Steps;
  readonly #snapshots: Snapshots;
  #kept: Kept;
  readonly #data: Dataset;
  readonly #options: TrainingOptions;
  readonly #isClosed: () => boolean;
  /** Hands the parameters to the engine. */
  readonly #keep: (parameters: NamedTensors) => void;
  #step: number;
  #idleSteps = 0;
  /** How many steps are submitted together. */
  #together: number;
  #closed = false;

  /** @param rows what was written to `learntBy(program.plan)` */
  constructor(
    device: Device,
    program: Program,
    data: Dataset,
    options: TrainingOptions,
    rows: readonly Float32Array[],
    engine: { isClosed(): boolean; keep(parameters: NamedTensors): void },
  ) {
    this.#device = device;
    this.#program = program;
    this.#plan = program.plan;
    this.#data = data;
    this.#options = options;
    this.#steps = new Steps(device.device, program, data, options);
    this.#together = Math.min(2, this.#steps.most);
    this.#step = options.resume?.steps ?? 0;
    this.#snapshots = new Snapshots(device, program, learntBy(program.plan), rows);
    this.#kept = { steps: this.#step, totals: undefined };
    this.#isClosed = () => engine.isClosed();
    this.#keep = (parameters) => engine.keep(parameters);
  }

  async epoch(
    order: Uint32Array,
    learningRates: Float64Array,
    options: EpochOptions = {},
  ): Promise<EpochTotals> {
    this.#checkOpen();
    checkDevice(this.#device);
    checkEpoch(this.#plan.model, this.#data, this.#options.batchSize, order, learningRates, options);
    options.signal?.throwIfAborted();
    return listening(options, (listeners) => this.#train(order, learningRates, { ...options, ...listeners }));
  }

  async #train(
    order: Uint32Array,
    learningRates: Float64Array,
    {
      signal,
      pause,
      epoch = 1,
      before = { ...NOTHING, idleSteps: this.#idleSteps },
      onProgress,
    }: EpochOptions,
  ): Promise<EpochTotals> {
    const { batchSize } = this.#options;
    const steps = Math.ceil(order.length / batchSize);
    const totals = new Totals(this.#plan, this.#options.batchSize, before);
    const first = this.#step;
    this.#program.write(this.#plan.step.go, Uint32Array.of(1));
    this.#kept = { ...this.#kept, totals: before };
    const waiting: Submitted[] = [];
    const keep = async (snapshot: Promise<void>) => {
      await snapshot;
      this.#kept = { steps: first + totals.sum.steps - before.steps, totals: totals.sum };
    };
    const collect = async () => {
      const submitted = waiting.shift();
      if (submitted === undefined) return;
      const begin = performance.now();
      totals.add(submitted.inputs, await fromDevice(this.#device, submitted.results()));
      const took = performance.now() - begin;
      if (submitted.snapshot) await keep(submitted.snapshot());
      // the device was busy with these alone, if others wait behind them
      if (took > 2 * SUBMISSION_MS) this.#together = Math.max(1, Math.floor(this.#together / 2));
      else if (took < SUBMISSION_MS / 2) this.#together = Math.min(this.#steps.most, this.#together * 2);
      if (totals.sum.images > before.images) onProgress?.(totals.sum);
    };
    try {
      const stops = () => signal?.aborted || pause?.aborted || totals.bad !== undefined || this.#isClosed();
      for (let next = 0; next < steps && !stops(); ) {
        const count = Math.min(this.#together, steps - next);
        const inputs = Array.from({ length: count }, (_, k): StepInput => {
          const from = (next + k) * batchSize;
          return {
            indices: order.subarray(from, from + batchSize),
            learningRate: learningRates[next + k],
            number: first + next + k + 1,
            epoch,
          };
        });
        const results = this.#steps.submit(inputs);
        waiting.push({
          inputs,
          results,
          snapshot: this.#snapshots.isDue ? this.#snapshots.take() : undefined,
        });
        next += count;
        if (waiting.length > 1) await collect();
      }
      while (waiting.length > 0) await collect();
      await keep(this.#snapshots.take()());
      this.#keep(parametersOf(this.#plan, this.#snapshots.rows[this.#plan.average ? 1 : 0]));
    } catch (error) {
      if (this.#isClosed()) throw closedError(); // closing takes the device away, too
      throw error;
    }
    const done = totals.sum.steps - before.steps;
    this.#step += done;
    this.#idleSteps = totals.sum.idleSteps;
    if (totals.bad !== undefined) {
      const learningRate = learningRates[done];
      throw DivergedError.notFinite("loss", totals.bad, {
        ...this.#options,
        ...{ step: this.#step + 1, learningRate },
      });
    }
    this.#checkOpen();
    signal?.throwIfAborted();
    return totals.sum;
  }

  /** Where another engine can go on: after so many steps, with the totals of the epoch then; `state` has what was learnt. */
  get kept(): Kept {
    return this.#kept;
  }

  /** Of a device that was lost it is what was read back last. */
  async state(): Promise<RunState> {
    this.#checkOpen();
    return stateOf(this.#plan, this.#kept.steps, this.#snapshots.rows);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#steps.free();
    this.#snapshots.free();
    this.#program.free();
  }

  #checkOpen(): void {
    if (this.#isClosed()) throw closedError();
    if (this.#closed) throw closedRunError();
  }
}

/** The totals of an epoch so far. */
class Totals {
  sum: EpochTotals;
  /** The mean loss of the first step whose loss was no finite number; what comes after it doesn't count. */
  bad: number | undefined;
  readonly #absurd: number;
  readonly #firstSteps: number;

  constructor(plan: BatchPlan, batchSize: number, before: EpochTotals) {
    this.sum = before;
    this.#absurd = absurdLoss(plan.model);
    this.#firstSteps = firstSteps(batchSize);
  }

  add(inputs: readonly StepInput[], results: readonly StepResult[]): void {
    for (const [k, { images, loss, correct, alive }] of results.entries()) {
      if (this.bad !== undefined) return;
      const mean = loss / images;
      if (!Number.isFinite(loss)) {
        this.bad = mean;
        return;
      }
      const { sum } = this;
      const isFirst = inputs[k].number <= this.#firstSteps;
      const moves = alive === true || mean < LEARNT;
      this.sum = {
        steps: sum.steps + 1,
        images: sum.images + images,
        loss: sum.loss + loss,
        correct: sum.correct + correct,
        firstLoss: isFirst ? Math.max(sum.firstLoss, mean) : sum.firstLoss,
        absurdSteps: sum.absurdSteps + (mean > this.#absurd ? 1 : 0),
        idleSteps: alive === undefined ? sum.idleSteps : moves ? 0 : sum.idleSteps + LOOK_EVERY,
      };
    }
  }
}
