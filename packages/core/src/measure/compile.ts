import { compilePlan } from "../compiler/compile.js";
import type { Convolution } from "../compiler/convolution.js";
import { hasRelaxedSimd } from "../compiler/features.js";
import { planModel } from "../compiler/plan.js";
import { defineModel, type ModelSpec } from "../model.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";

export interface CompileTimes {
  /** From the spec to the bytes of the module: shapes, plan, kernels, code. */
  readonly generateMs: number;
  /** `WebAssembly.compile`. */
  readonly compileMs: number;
  /** The size of the module. */
  readonly bytes: number;
}

/** Compiles a network for training once and says how long it took. The first time in a process is the slowest. */
export async function measureCompile(
  spec: ModelSpec,
  options: {
    batchSize?: number;
    optimizer?: OptimizerSpec;
    threads?: number;
    strict?: boolean;
    convolution?: Convolution;
  } = {},
): Promise<CompileTimes> {
  const {
    batchSize = 64,
    optimizer = { type: "adam" },
    threads = 1,
    strict = false,
    convolution = "auto",
  } = options;
  const start = performance.now();
  const training = { batchSize, optimizer: resolveOptimizer(optimizer), clip: false };
  const plan = planModel(defineModel(spec), training, { convolution });
  const { bytes } = compilePlan(plan, threads, true, { relaxed: !strict && hasRelaxedSimd() });
  const generated = performance.now();
  await WebAssembly.compile(bytes);
  return { generateMs: generated - start, compileMs: performance.now() - generated, bytes: bytes.length };
}
