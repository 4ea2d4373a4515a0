import type { Buffer, LoopNest } from "../../ir/ir.js";
import type { OptimizerOptions } from "../../optimizers/index.js";
import { averageState, flush, update } from "../kernels/optimizer.js";
import type { Group, ParameterRow } from "../parameterRow.js";
import { clipFactor, sumSquares } from "./step.js";
import { ofLength } from "./widen.js";

/* The end of a step: the kernels of kernels/optimizer.ts, each parameter in an invocation of its own. */

export interface BatchTraining {
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly clip: number | undefined;
  readonly several: boolean;
  readonly ema: number | undefined;
}

/** A kernel of a step, on the whole batch. */
export interface BatchKernel {
  readonly nest: LoopNest;
  /** The names of what it does: its own, or those of kernels that were put together. */
  readonly parts: readonly string[];
  /** Whether it is left out once a loss was no finite number. */
  readonly guarded: boolean;
  /** Whether it runs in every 16th step only. */
  readonly seldom: boolean;
}

/** What an update reads and writes; rows as long as that of all parameters. */
export interface UpdateMemory {
  readonly parameters: Buffer;
  readonly gradients: Buffer;
  /** In numbers, with what only fills the row. */
  readonly gradientLength: number;
  readonly states: readonly Buffer[];
  readonly average: Buffer | undefined;
  readonly step: Buffer;
  /** For the sums of the squares of the gradients. */
  readonly squares: Buffer;
}

/** The kernels that clip the gradients, update the parameters and their average, and every now and then flush. */
export function updatesOf(
  groups: readonly Group[],
  { parameterLength, rowLength }: ParameterRow,
  { optimizer, clip, ema }: BatchTraining,
  memory: UpdateMemory,
): BatchKernel[] {
  const { parameters, gradients, gradientLength, states, average, step, squares } = memory;
  const kernels: BatchKernel[] = [];
  const add = (nest: LoopNest, guarded: boolean, seldom = false) =>
    kernels.push({ nest, parts: [nest.name], guarded, seldom });
  if (clip !== undefined) {
    add(sumSquares("sumSquares", gradients, squares, gradientLength), false);
    add(clipFactor("clip", squares, step, clip), false);
  }
  const averaged = average && ema !== undefined ? { row: average, ema } : undefined;
  for (const { name, options, stretches } of groups) {
    for (const stretch of stretches) {
      const of = (row: Buffer) => part(row, ...stretch);
      const average = averaged && { ...averaged, row: of(averaged.row) };
      const clips = clip !== undefined;
      const nest = update(name, options, of(parameters), of(gradients), states.map(of), step, clips, average);
      add(ofLength(nest, stretch[1] / 4), true);
    }
  }
  if (averaged && rowLength > parameterLength) {
    const behind = (row: Buffer) => part(row, parameterLength, rowLength - parameterLength);
    const nest = averageState("averageState", behind(parameters), { ...averaged, row: behind(averaged.row) });
    add(ofLength(nest, (rowLength - parameterLength) / 4), true);
  }
  add(ofLength(flush("flush", optimizer, parameters, states, average), parameterLength / 4), true, true);
  return kernels;
}

/** A stretch of a row. */
const part = (row: Buffer, start: number, length: number): Buffer => ({
  ...row,
  offset: row.offset + 4 * start,
  size: length,
});
