import { availableParallelism } from "node:os";
import {
  type EngineRequest,
  type EpochSettings,
  fitDefaults,
  InputError,
  type OptimizerName,
  type Sweep,
  sweeps,
} from "unravel-cnn";
import type { EngineChoice } from "../../engine.js";

/** What can be said on the command line. */
export interface ScalingCommandOptions extends Omit<EngineChoice, "threads"> {
  sweep?: Sweep;
  model: string;
  filters?: readonly number[];
  kernel?: readonly number[];
  batchSize?: readonly number[];
  images?: readonly number[];
  threads?: readonly number[];
  optimizer: OptimizerName;
  seconds: number;
  seed: number;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

/** What changes, and what stays as it is. */
export interface SweepPlan {
  readonly sweep: Sweep;
  readonly values: readonly number[];
  readonly settings: EpochSettings;
}

const keyOf = {
  filters: "filters",
  kernel: "kernel",
  "batch-size": "batchSize",
  images: "images",
  threads: "threads",
} as const;

/** A kernel larger than the picture makes no sense. */
export const MOST_KERNEL = 28;

/** What stays as it is unless another number is given: as `unravel train` has it. */
const usual: EpochSettings = {
  filters: 8,
  kernel: 3,
  batchSize: fitDefaults.batchSize,
  images: 60_000,
  threads: availableParallelism(),
};

/**
 * The sweep that was asked for: by name, or by the one option that has several numbers.
 * @throws InputError if more than one has, or the one that is swept has one number only
 */
export function planOf(options: ScalingCommandOptions): SweepPlan {
  const lists = sweeps.filter((name) => (options[keyOf[name]]?.length ?? 0) > 1);
  const sweep = options.sweep ?? lists[0] ?? "filters";
  const other = lists.find((name) => name !== sweep);
  if (other !== undefined) {
    throw new InputError(
      `Only one thing can change at a time: give --${other} one number, or leave the list of --${sweep} and say --sweep ${other}.`,
    );
  }
  checkApplies(sweep, options);
  const given = options[keyOf[sweep]];
  if (given?.length === 1) {
    throw new InputError(
      `--${sweep} is what changes, so it needs several numbers, as in --${sweep} 1,2,4, not ${given[0]} alone.`,
    );
  }
  const one = (key: keyof EpochSettings) => options[key]?.[0] ?? usual[key];
  return {
    sweep,
    values: given ?? usualValues(sweep),
    settings: {
      filters: one("filters"),
      kernel: one("kernel"),
      batchSize: one("batchSize"),
      images: one("images"),
      threads: threadsOf(options.engine, one("threads")),
    },
  };
}

function threadsOf(engine: EngineRequest, threads: number): number {
  return engine === "reference" ? 1 : threads;
}

/** @throws InputError if nothing would change */
function checkApplies(
  sweep: Sweep,
  { model, engine, filters, kernel, threads }: ScalingCommandOptions,
): void {
  if (model !== "one-conv" && (sweep === "kernel" || kernel !== undefined)) {
    throw new InputError(
      `Only one-conv has a kernel to choose, not ${model}; for ${model} write --sweep batch-size, images or threads.`,
    );
  }
  if (sweep !== "kernel" && kernel !== undefined && kernel[0] !== usual.kernel) {
    throw new InputError(
      `one-conv has kernels of ${usual.kernel}x${usual.kernel}; another size goes with --sweep kernel, as in --kernel 1,3,5.`,
    );
  }
  if (model !== "one-conv" && (sweep === "filters" || filters !== undefined)) {
    throw new InputError(
      `Only one-conv has a number of filters to choose, not ${model}; for ${model} write --sweep batch-size, images or threads.`,
    );
  }
  if (engine === "reference" && (sweep === "threads" || threads !== undefined)) {
    throw new InputError("The textbook works on one thread; --threads goes with --engine wasm.");
  }
}

function usualValues(sweep: Sweep): readonly number[] {
  if (sweep === "filters") return doublings(1, 64);
  if (sweep === "kernel") return [1, 3, 5, 7, 9, 11];
  if (sweep === "batch-size") return doublings(1, 128);
  if (sweep === "images") return doublings(500, 32_000);
  const cores = availableParallelism();
  if (cores === 1) {
    throw new InputError(
      "This machine has one core, so more threads can't be faster; --threads 1,2 shows it.",
    );
  }
  return [...new Set([...doublings(1, cores), cores])];
}

function doublings(from: number, to: number): number[] {
  return from > to ? [] : [from, ...doublings(2 * from, to)];
}
