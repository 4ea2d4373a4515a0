import type { LoopNest } from "../ir/ir.js";
import { buffersOf } from "../ir/visit.js";
import type { Stretch } from "./parameterRow.js";
import type { Plan } from "./plan.js";

/*
 * A step is a list of stages. All threads go through it together: at the end of a stage that splits its work among them, each
 * waits until the others are done.
 */

/** A kernel that runs on each chunk of something when all blocks are done. */
export interface ChunkKernel {
  readonly kernel: LoopNest;
  readonly chunks: number;
  /** How much further than the one before a chunk lies, in bytes: in the gradients, and in the memory of the blocks. */
  readonly weightBytes: number;
  readonly blockBytes: number;
}

/** A kernel that runs on chunks of the row of all parameters. */
export interface RowKernel {
  readonly kernel: LoopNest;
  /** Which parts of the row it works on. */
  readonly stretches: readonly Stretch[];
  /** Whether only after every 16th step. */
  readonly seldom: boolean;
}

/** Every thread runs these, in its own workspace; nobody waits for that. They may read what all blocks have left. */
export interface ThreadStage {
  readonly each: "thread";
  readonly kernels: readonly LoopNest[];
}

/**
 * Each block of images goes through these, in one of the threads. What it needs in a later stage lies in memory of its own.
 * After a stage with `loss`, the batch's loss is known.
 */
export interface BlockStage {
  readonly each: "block";
  readonly kernels: readonly LoopNest[];
  readonly loss: boolean;
}

export interface ChunkStage {
  readonly each: "chunk";
  readonly kernels: readonly ChunkKernel[];
}

/**
 * Each chunk of the row of all parameters goes through these, in one of the threads. After a stage that `clips`, the length of
 * the gradients is known, and the factor that they are clipped by; one that doesn't ends the step.
 */
export interface ParameterStage {
  readonly each: "parameters";
  readonly kernels: readonly RowKernel[];
  readonly clips: boolean;
}

export type Stage = ThreadStage | BlockStage | ChunkStage | ParameterStage;

/** The stages of the ways forward and backward. */
export type WayStage = ThreadStage | BlockStage;

/** Kernels that need all blocks of a batch to have come so far: every thread runs them before blocks go on. */
export interface WholeBatch {
  readonly wholeBatch: readonly LoopNest[];
}

/** The name of the kernel that makes the first gradient: before it is forward, after it backward. */
export const LOSS = "loss";

/** The stages of a way through the network that has to wait here and there for the whole batch. */
export function splitIntoStages(way: readonly (LoopNest | WholeBatch)[]): WayStage[] {
  const stages: WayStage[] = [];
  let kernels: LoopNest[] = [];
  const end = () => {
    if (kernels.length > 0)
      stages.push({ each: "block", kernels, loss: kernels.some(({ name }) => name === LOSS) });
    kernels = [];
  };
  for (const part of way) {
    if ("wholeBatch" in part) {
      end();
      stages.push({ each: "thread", kernels: part.wholeBatch });
    } else kernels.push(part);
  }
  end();
  return stages;
}

/**
 * When a kernel runs: once for a batch, in every thread; for each block of images; for each chunk of a large layer's weights
 * when all blocks are done; or for each chunk of the parameters.
 */
export type KernelPhase = "prepare" | "forward" | "backward" | "batch" | "update";

/** A kernel in its place in a step, with the chunks or the parts of the row that it runs on. */
export type PlacedKernel = { readonly kernel: LoopNest } & (
  | { readonly phase: "prepare" | "forward" | "backward" }
  | { readonly phase: "batch"; readonly chunk: ChunkKernel }
  | { readonly phase: "update"; readonly row: RowKernel }
);

/** All kernels of a plan, in the order in which a step runs them. */
export function kernelsOf({ stages }: Plan): PlacedKernel[] {
  let beforeLoss = true;
  const ofStage = (stage: Stage): PlacedKernel[] => {
    switch (stage.each) {
      case "thread":
        return stage.kernels.map((kernel) => ({ kernel, phase: "prepare" }));
      case "block":
        return stage.kernels.map((kernel) => {
          beforeLoss &&= kernel.name !== LOSS;
          return { kernel, phase: beforeLoss ? "forward" : "backward" };
        });
      case "chunk":
        return stage.kernels.map((chunk) => ({ kernel: chunk.kernel, phase: "batch", chunk }));
      case "parameters":
        return stage.kernels.map((row) => ({ kernel: row.kernel, phase: "update", row }));
    }
  };
  return stages.flatMap(ofStage);
}

/**
 * What of a workspace has to outlive a stage, by its buffers' names, and how long: what blocks write in one stage and touch
 * in another. What each kernel that uses it writes anew is scratch memory and not meant.
 * @returns the sizes in float32 numbers
 */
export function keptBetween(stages: readonly Stage[], scratch: ReadonlySet<string>): Map<string, number> {
  const ofBlocks = stages.filter((stage) => stage.each === "block");
  if (ofBlocks.length < 2) return new Map();
  const stagesOf = new Map<string, Set<Stage>>();
  const sizes = new Map<string, number>();
  const written = new Set<string>();
  for (const stage of ofBlocks) {
    for (const [name, touched] of stage.kernels.flatMap((kernel) => [...buffersOf(kernel)])) {
      const { region, size } = touched.buffer;
      if (region !== "workspace" || scratch.has(name)) continue;
      stagesOf.set(name, (stagesOf.get(name) ?? new Set()).add(stage));
      sizes.set(name, size);
      if (touched.written) written.add(name);
    }
  }
  return new Map([...sizes].filter(([name]) => written.has(name) && (stagesOf.get(name)?.size ?? 0) > 1));
}
