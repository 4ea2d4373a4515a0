import { fitDefaults, type GpuProfile, measureTraining, profileOnGpu, type TrainingSpeed } from "unravel-cnn";
import { nodeGpu } from "unravel-cnn/node";
import { type Machine, machine } from "../../machine.js";
import type { LoadedModel } from "../../model.js";
import type { Progress } from "../../terminal/progress.js";
import type { Task } from "./measure.js";
import type { Lengths } from "./settings.js";

/* What `bench --engine webgpu` measures, one thing after the other. */

export interface GpuModelFigures {
  /** As it was given. */
  readonly name: string;
  readonly loaded: LoadedModel;
  readonly batchSize: number;
  readonly profile: GpuProfile;
  readonly training: TrainingSpeed;
}

export interface GpuFigures {
  readonly machine: Machine;
  readonly optimizer: string;
  readonly models: readonly GpuModelFigures[];
}

export async function measureOnGpu(
  models: Task["models"],
  lengths: Lengths,
  progress: Progress,
  signal: AbortSignal,
): Promise<GpuFigures> {
  const figures: GpuModelFigures[] = [];
  for (const { name, loaded, batchSize } of models) {
    const { spec } = loaded.model;
    const options = { gpu: nodeGpu, batchSize, optimizer: fitDefaults.optimizer, signal };
    const show = (share: number, details: string[]) => progress.show({ title: name, share, details });
    const profile = await profileOnGpu(spec, {
      ...options,
      rounds: lengths.rounds,
      onProgress: (share) => show(share / 2, ["kernels"]),
    });
    const training = await measureTraining(spec, {
      ...options,
      engine: "webgpu",
      seconds: lengths.seconds,
      repetitions: lengths.repetitions,
      onProgress: (share) => show((1 + share) / 2, ["training"]),
    });
    figures.push({ name, loaded, batchSize, profile, training });
  }
  progress.clear();
  return { machine: machine(), optimizer: fitDefaults.optimizer.type, models: figures };
}
