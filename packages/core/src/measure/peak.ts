import { BLOCK } from "../compiler/block.js";
import { hasRelaxedSimd } from "../compiler/features.js";
import { type Plan, planModel } from "../compiler/plan.js";
import type { Engine } from "../engine/engine.js";
import { FallbackEngine } from "../engine/fallback.js";
import type { EngineOptions } from "../engine/index.js";
import { checkThreads, WasmEngine } from "../engine/wasm/engine.js";
import { layoutOf } from "../engine/wasm/layout.js";
import type { Pool } from "../engine/wasm/pool.js";
import { compileFor, createPool } from "../engine/wasm/pools.js";
import { InputError } from "../errors.js";
import { defineModel } from "../graph/model.js";
import {
  add,
  at,
  type Buffer,
  constant,
  type Expression,
  type LoopNest,
  load,
  loopNest,
  madd,
} from "../ir/ir.js";
import {
  abortSignal,
  type Checks,
  callback,
  checkOptions,
  elsewhere,
  flag,
  MOST_THREADS,
  number,
  whole,
} from "../options.js";

/*
 * The most multiply-adds that this machine does in a second in WebAssembly: in registers, without a single access to
 * memory in the loop. No kernel can be faster, so shares of it say how much is left to be won.
 */

/** Sums that don't wait for each other: enough to fill the pipelines, and all fit into 16 registers with the factors. */
const SUMS = 12;

/** Some 20 microseconds: short, because V8 compiles a function well only after it was called often. */
const ROUNDS = 8192;

const LANES = 4;
const OPERATIONS_PER_CALL = 2 * ROUNDS * SUMS * LANES;

/** Whose peak is measured: an engine's threads, or such as are started for it. */
export interface PeakOptions extends Pick<EngineOptions, "startWorker"> {
  /**
   * A wasm engine, whose threads are measured, on its path (`strict`). Default: threads of its own, as the other options
   * say.
   */
  readonly engine?: Engine;
  /** How many work at the same time; default 1, 0: the calling thread, with memory of its own. */
  readonly threads?: number;
  /** Multiply, round, add; default: only where there is no multiply-add in one instruction. */
  readonly strict?: boolean;
  /** For all of it, about, without the time that threads take to start; default 100. */
  readonly milliseconds?: number;
  readonly signal?: AbortSignal | undefined;
}

const peakChecks: Checks<PeakOptions> = {
  engine: elsewhere,
  startWorker: callback,
  threads: whole(0, MOST_THREADS),
  strict: flag,
  milliseconds: number(0),
  signal: abortSignal,
};

/**
 * Measures how many thousand million operations a second (GFLOP/s) all threads together do at their best.
 * @throws InputError if there can't be such threads; what `signal` was aborted with
 */
export async function measurePeak(options: PeakOptions = {}): Promise<number> {
  checkOptions("The measurement", options, peakChecks);
  const { engine, threads = 1, startWorker } = options;
  if (engine) return measureOn(engine, options);
  checkThreads(threads, startWorker);
  const pool = createPool(threads, startWorker);
  try {
    return await fastest(await loadKernel(pool, options.strict !== true && hasRelaxedSimd()), options);
  } finally {
    await pool.close();
  }
}

/** On the threads of an engine, which keep the kernel (some hundred kB) and have it the next time. */
async function measureOn(given: Engine, options: PeakOptions): Promise<number> {
  const engine = given instanceof FallbackEngine ? given.current : given;
  if (!(engine instanceof WasmEngine)) throw new InputError("Only a wasm engine has threads to be measured.");
  let loaded = kernels.get(engine);
  if (!loaded) {
    loaded = loadKernel(engine.pool, !engine.strict);
    kernels.set(engine, loaded);
  }
  return fastest(await loaded, options);
}

const kernels = new WeakMap<Engine, Promise<Kernel>>();

/** Lets each thread call the loop so often. */
interface Kernel {
  readonly threads: number;
  run(calls: number, signal: AbortSignal | undefined): Promise<void>;
}

async function fastest({ threads, run }: Kernel, options: PeakOptions): Promise<number> {
  const { milliseconds = 100, signal } = options;
  const end = performance.now() + milliseconds;
  let best = 0;
  let calls = 1;
  for (let runs = 0; runs < FEWEST_RUNS || performance.now() < end; ) {
    signal?.throwIfAborted();
    const longer = 2 ** (runs % 3);
    const start = performance.now();
    await run(longer * calls, signal);
    const elapsed = performance.now() - start;
    best = Math.max(best, (longer * calls * threads * OPERATIONS_PER_CALL) / elapsed / 1e6);
    if (elapsed < SHORTEST_RUN_MS * longer) calls *= 2;
    else runs++;
  }
  return best;
}

const FEWEST_RUNS = 4;

/**
 * Whatever disturbs a run makes it slower, never faster, so the best one counts. In runs of some length the messages to the
 * threads don't count; in short ones there is a chance that nothing else runs on any of the cores.
 */
const SHORTEST_RUN_MS = 4;

/** The loop as the plan of a network that has nothing else. */
export function peakPlan(relaxed: boolean): Plan {
  const model = defineModel({ input: [1, 1, 1], layers: [{ type: "flatten" }, { type: "dense", units: 2 }] });
  const plan = planModel(model);
  const kernel = peakKernel("peak", relaxed, plan.workspace.logits.buffer);
  return { ...plan, stages: [{ each: "block", kernels: [kernel], loss: false }] };
}

async function loadKernel(pool: Pool, relaxed: boolean): Promise<Kernel> {
  const plan = peakPlan(relaxed);
  const program = await pool.loadInference(await compileFor(pool, plan, { relaxed }), layoutOf(plan));
  const parameters = new Float32Array(plan.parameterLength);
  return {
    threads: pool.threads,
    run: async (calls, signal) => {
      await program.infer(parameters, new Uint8Array(calls * pool.threads * BLOCK), { signal });
    },
  };
}

/**
 * The loop: every sum takes one multiply-add each time round. With one instruction for both, factor * factor + sum, as in
 * a convolution. On the strict path a compiler would do that product only once for all, so there it is
 * sum * factor + factor.
 */
function peakKernel(name: string, relaxed: boolean, scratch: Buffer): LoopNest {
  return loopNest(name, (b) => {
    // loaded, not constant, so that they stay in registers; what is there doesn't matter, it stays finite
    const factor = b.variable(load(at(scratch, 0)));
    const sums = Array.from({ length: SUMS }, (_, k) => b.variable(constant(k)));
    b.loop("round", ROUNDS, () => {
      for (const sum of sums) sum.set(relaxed ? madd(factor, factor, sum) : madd(sum, factor, factor));
    });
    // all are used, so that none can be left out; the result is a small number for the next call
    const total = sums.reduce<Expression>(add, constant(0));
    b.store(at(scratch, 0), madd(total, constant(0), constant(0.5)));
  });
}
