import {
  type CompileTimes,
  type Convolution,
  fitDefaults,
  type KernelProfile,
  measurePeak,
  measureTraining,
  profileModel,
  type TrainingSpeed,
} from "unravel-cnn";
import { type Machine, machine } from "../../machine.js";
import type { LoadedModel } from "../../model.js";
import type { Progress } from "../../terminal/progress.js";
import type { Lengths } from "./settings.js";
import { measureColdCompile, measureStartUp, type StartUp } from "./startUp.js";

/** GFLOP/s of one thread, and of all at the same time. */
export interface Peak {
  readonly one: number;
  readonly all: number;
}

export interface ModelFigures {
  /** As it was given. */
  readonly name: string;
  readonly loaded: LoadedModel;
  readonly batchSize: number;
  readonly kernels: readonly KernelProfile[];
  readonly training: TrainingSpeed;
  readonly startUp: StartUp;
  readonly compile: CompileTimes;
}

export interface Figures {
  readonly machine: Machine;
  readonly threads: number;
  readonly strict: boolean;
  readonly convolution: Convolution;
  readonly optimizer: string;
  readonly peak: Peak;
  readonly models: readonly ModelFigures[];
}

export interface Task {
  readonly models: readonly { name: string; loaded: LoadedModel; batchSize: number }[];
  readonly threads: number;
  readonly strict: boolean;
  readonly convolution: Convolution;
  readonly lengths: Lengths;
}

/** Measures one thing after the other, so that the measurements don't disturb each other. */
export async function measureAll(task: Task, progress: Progress, signal: AbortSignal): Promise<Figures> {
  const { models, threads, strict, convolution, lengths } = task;
  const where = machine();
  // the best of all measurements: other programs may have been busy during the first
  let peak: Peak = { one: 0, all: 0 };
  const improvePeak = async () => {
    const options = { strict, milliseconds: lengths.peakMs, signal };
    const one = Math.max(peak.one, await measurePeak({ ...options, threads: 1 }));
    peak = { one, all: threads === 1 ? one : Math.max(peak.all, await measurePeak({ ...options, threads })) };
  };
  const show = (title: string, share: number, details: string[] = []) =>
    progress.show({ title, share, details });

  show("Peak", 0);
  await improvePeak();
  const figures: ModelFigures[] = [];
  for (const { name, loaded, batchSize } of models) {
    const { spec } = loaded.model;
    const options = { batchSize, strict, convolution, optimizer: fitDefaults.optimizer, signal };
    const kernels = await profileModel(spec, {
      ...options,
      milliseconds: lengths.kernelMs,
      onProgress: (kernel, done, all) => show(name, SHARES.kernels * (done / all), [kernel]),
    });
    const training = await measureTraining(spec, {
      ...options,
      threads,
      seconds: lengths.seconds,
      repetitions: lengths.repetitions,
      onProgress: (done) => show(name, SHARES.kernels + SHARES.training * done, ["training"]),
    });
    show(name, SHARES.kernels + SHARES.training, ["starting"]);
    // without names of classes: there may be more than a command line holds
    const { classes: _, ...unnamed } = spec;
    const start = { spec: unnamed, batchSize, threads, strict, convolution };
    const startUp = await measureStartUp(start, lengths.starts, signal);
    const compile = await measureColdCompile(start, lengths.starts, signal);
    figures.push({ name, loaded, batchSize, kernels, training, startUp, compile });
    await improvePeak();
  }
  progress.clear();
  return {
    machine: where,
    threads,
    strict,
    convolution,
    optimizer: fitDefaults.optimizer.type,
    peak,
    models: figures,
  };
}

/** How much of the time for a network the parts take, about. */
const SHARES = { kernels: 0.2, training: 0.6 };
