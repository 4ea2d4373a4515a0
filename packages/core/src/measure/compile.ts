import { compilePlan } from "../compiler/compile.js";
import { type Convolution, convolutions } from "../compiler/convolution.js";
import { hasRelaxedSimd } from "../compiler/features.js";
import { planModel } from "../compiler/plan.js";
import { defineModel, type ModelSpec } from "../graph/model.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import {
  type Checks,
  checkOptions,
  elsewhere,
  flag,
  LARGEST_BATCH,
  MOST_THREADS,
  oneOf,
  whole,
} from "../options.js";

/** How long it takes to compile a network, and how much code comes of it. */
export interface CompileTimes {
  /** From the spec to the bytes of the module: shapes, plan, kernels, code. */
  readonly generateMs: number;
  /** `WebAssembly.compile`. */
  readonly compileMs: number;
  /** The size of the module. */
  readonly bytes: number;
}

/** For which training a network is compiled. */
export interface CompileOptions {
  /** Default 64. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
  /** Default 1. */
  readonly threads?: number;
  readonly strict?: boolean;
  /** Default `auto`. */
  readonly convolution?: Convolution;
}

const compileChecks: Checks<CompileOptions> = {
  batchSize: whole(1, LARGEST_BATCH),
  optimizer: elsewhere,
  threads: whole(1, MOST_THREADS),
  strict: flag,
  convolution: oneOf(convolutions),
};

/** Compiles a network for training once and says how long it took. The first time in a process is the slowest. */
export async function measureCompile(spec: ModelSpec, options: CompileOptions = {}): Promise<CompileTimes> {
  checkOptions("Compiling", options, compileChecks);
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
