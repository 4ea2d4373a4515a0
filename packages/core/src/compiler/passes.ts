import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer, LoopNest } from "../ir/ir.js";
import type { Stash } from "./batchStage.js";
import type { View } from "./block.js";
import type { Convolution } from "./convolution.js";
import type { Allocator, Table } from "./memory.js";

/** What the ways through a network are planned from. */
export interface PassesContext {
  readonly model: Model;
  readonly training: boolean;
  readonly convolution: Convolution;
  readonly shared: Allocator;
  readonly workspace: Allocator;
  readonly bytes: Buffer;
  readonly labels: Buffer;
  readonly scale: Buffer;
  readonly statistics: Buffer;
  /** For layers whose weights' gradients are computed at the end of a batch. */
  readonly stash: Stash | undefined;
  parameter(layer: ModelLayer, name: string): Buffer | undefined;
  /** In the slot that is added to. */
  gradient(layer: ModelLayer, name: string): Buffer | undefined;
}

/** The kernels that run on a block of images. */
export interface Passes {
  /** How many images a block has. */
  readonly block: number;
  /** Kernels that run once before the blocks of a batch, in every thread. */
  readonly prepare: readonly LoopNest[];
  /** In order; begins with the loading of the images. */
  readonly forward: readonly LoopNest[];
  /** From the loss back. Empty if the plan is for inference. */
  readonly backward: readonly LoopNest[];
  /** Whole numbers that kernels read. */
  readonly tables: readonly Table[];
  readonly logits: View;
  /** Views whose border is minus infinity, not zero. */
  readonly bordersOfMinusInfinity: readonly View[];
}
