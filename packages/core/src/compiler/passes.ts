import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer } from "../ir/ir.js";
import type { View } from "./block.js";
import type { Convolution } from "./convolution.js";
import type { Targets } from "./kernels/softmaxCrossEntropy.js";
import type { Blocks } from "./lower/lowering.js";
import type { Allocator, Table, Workspace } from "./memory.js";
import type { WayStage } from "./stages.js";

/** What the ways through a network are planned from. */
export interface PassesContext {
  readonly model: Model;
  readonly training: boolean;
  readonly convolution: Convolution;
  readonly shared: Allocator;
  readonly workspace: Workspace;
  readonly bytes: Buffer;
  readonly labels: Buffer;
  /** Whether images have several labels at once. */
  readonly several: boolean;
  readonly scale: Buffer;
  readonly mask: Buffer;
  readonly statistics: Buffer;
  readonly blocks: Blocks;
  /** What a layer keeps in the memory of blocks and threads. */
  memory(layer: ModelLayer): Readonly<Record<string, Buffer>>;
  parameter(layer: ModelLayer, name: string): Buffer | undefined;
  /** In the slot that is added to. */
  gradient(layer: ModelLayer, name: string): Buffer | undefined;
}

/** Where the numbers of a block of images lie: pixel [c, p, q] of image n is number `start + c*plane + p*row + q*column + n`. */
export interface InputPlace {
  readonly buffer: Buffer;
  readonly start: number;
  readonly plane: number;
  readonly row: number;
  readonly column: number;
}

/** The kernels that run on a block of images. */
export interface Passes {
  /** How many images a block has. */
  readonly block: number;
  /** From the loading of the images to the first gradients of parameters; without the end of a batch. */
  readonly stages: readonly WayStage[];
  /** Whole numbers that kernels read. */
  readonly tables: readonly Table[];
  readonly x: InputPlace;
  /** A plane for each class. */
  readonly logits: View;
  /** Views whose border is minus infinity, not zero. */
  readonly bordersOfMinusInfinity: readonly View[];
}

/** What the model's loss asks for, with the class weights in memory. */
export function targetsOf({
  model,
  shared,
  several,
}: Pick<PassesContext, "model" | "shared" | "several">): Targets {
  const { labelSmoothing, classWeights } = model.loss;
  return {
    several,
    labelSmoothing,
    classWeights: classWeights && shared.constants("classWeights", classWeights),
  };
}
