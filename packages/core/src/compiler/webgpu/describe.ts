import { defineModel, type ModelSpec } from "../../graph/model.js";
import { multiplyAddsIn } from "../../ir/multiplyAdds.js";
import { emitShader, type Shader } from "../../ir/wgsl/emit.js";
import { type OptimizerSpec, resolveOptimizer } from "../../optimizers/index.js";
import { type Checks, checkOptions, elsewhere, LARGEST_BATCH, whole } from "../../options.js";
import { type BatchPlan, planBatch } from "./plan.js";
import { TUNING } from "./tuning.js";

/** A kernel of a training step on a GPU, for people. */
export interface ShaderDescription {
  readonly name: string;
  /** What it does in one dispatch: its own name, or the names of small kernels that were put together. */
  readonly parts: readonly string[];
  /** The compute shader, in WGSL. */
  readonly code: string;
  readonly invocations: number;
  readonly multiplyAdds: number;
  /** The buffers that it reads and writes. */
  readonly buffers: readonly { readonly name: string; readonly written: boolean }[];
  /** Whether it runs in every 16th step only. */
  readonly seldom: boolean;
}

/** What a training step does on a GPU, kernel by kernel. */
export interface BatchPlanDescription {
  readonly batchSize: number;
  /** Bytes of the device's memory, without the images of the data set. */
  readonly bytes: number;
  /** In the order of a step. */
  readonly kernels: readonly ShaderDescription[];
}

/** For which training the shaders are described. */
export interface DescribeShadersOptions {
  /** Default 64. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
}

const checks: Checks<DescribeShadersOptions> = { batchSize: whole(1, LARGEST_BATCH), optimizer: elsewhere };

/**
 * How the webgpu engine trains a network: its kernels in order, each as a compute shader. It needs no GPU.
 * @throws InputError if the spec or an option is wrong, or a layer has no kernel
 */
export function describeShaders(spec: ModelSpec, options: DescribeShadersOptions = {}): BatchPlanDescription {
  checkOptions("The description", options, checks);
  const { batchSize = 64 } = options;
  const optimizer = resolveOptimizer(options.optimizer ?? { type: "adam" });
  const training = { batchSize, optimizer, clip: undefined, several: false, ema: undefined };
  const plan = planBatch(defineModel(spec), 0, batchSize, training);
  const kernels = shadersOf(plan).kernels.map(
    ({ name, code, bindings, invocations }, k): ShaderDescription => ({
      name,
      parts: plan.kernels[k].parts,
      code,
      invocations,
      multiplyAdds: multiplyAddsIn(plan.kernels[k].nest.body),
      buffers: bindings.map(({ storage, written }) => ({ name: storage.name, written })),
      seldom: plan.kernels[k].seldom,
    }),
  );
  return { batchSize, bytes: plan.storages.reduce((sum, { size }) => sum + 4 * size, 0), kernels };
}

/** The shaders of a plan. */
export function shadersOf(plan: BatchPlan): { readonly start: Shader[]; readonly kernels: Shader[] } {
  const emit = (nest: BatchPlan["start"][number], guarded: boolean) =>
    emitShader(nest, {
      placeOf: plan.placeOf,
      workgroup: TUNING.workgroup,
      unlessZero: guarded ? plan.step.go : undefined,
    });
  return {
    start: plan.start.map((nest) => emit(nest, false)),
    kernels: plan.kernels.map(({ nest, guarded }) => emit(nest, guarded)),
  };
}
