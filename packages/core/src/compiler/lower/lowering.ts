import { InputError } from "../../errors.js";
import type { ModelLayer } from "../../graph/model.js";
import type { Buffer, LoopNest } from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import type { ResolvedLayer } from "../../layers/layer.js";
import type { View } from "../block.js";
import type { Convolution } from "../convolution.js";
import type { Gather } from "../gather.js";
import type { Allocator, Border } from "../memory.js";
import type { ChunkKernel, WholeBatch } from "../stages.js";
import type { WinogradPlan } from "../winograd.js";

/*
 * A lowering says which kernels a kind of layer becomes, for a block of images, and what they need around the numbers
 * that they read. All is optional but the kernels themselves.
 */
export interface Lowering<Resolved extends ResolvedLayer = ResolvedLayer> {
  /** What is read around the input. */
  padding?(layer: Resolved): Border;
  /** The value of those cells; default 0. */
  readonly paddingValue?: number;
  /** Whether it leaves alone what lies in `padding` around the gradient of its input. */
  readonly leavesBorder?: true;
  /** Whether the output is the input in another shape, in the same memory. Such a layer needs no kernels. */
  readonly reshapes?: true;
  /** Whether a ReLU that alone takes the output can be fused into the layer. */
  readonly takesRelu?: true;
  /** Whether it is a ReLU. */
  readonly isRelu?: true;
  /** Whether it is a max-pool that a convolution with a ReLU before it can do as well. */
  canBePooledBefore?(layer: Resolved): boolean;
  /** Whether that convolution is one that can. */
  readonly takesPool?: true;
  /**
   * Whether what comes out of a channel depends on that channel alone, and on no parameter. Its forward kernels then do for
   * eight channels of one image what they do for a channel of eight images.
   */
  readonly eachChannel?: true;
  /** Whether it lets no gradient through where its input is 0, so that a ReLU before it has nothing left to do. */
  readonly stopsAtZero?: true;
  /** Whether it adds up itself what comes back from several layers that take its output. */
  readonly addsUpGradients?: true | undefined;
  /** Whether the gradient of each input is that of the output as it is. */
  readonly passesGradient?: true;
  /** The convolution that it is, if Winograd's transforms make it faster. */
  tiled?(layer: Resolved): Conv2d | undefined;
  /** The convolution that it is, if its input's gradient can be computed in gather form. */
  gathered?(layer: Resolved): Conv2d | undefined;
  /** How many numbers its weights take, splatted before the blocks of a batch; 0: they are read as they are. */
  splattedSize?(layer: Resolved): number;
  /** How many of a block's numbers it needs the other way round, in scratch memory. */
  transposedInputs?(layer: Resolved): number;
  /** Whether in training its weights' gradients are computed for a whole batch at once, by `batch`. */
  isForBatch?(layer: Resolved, use: Use): boolean;
  /** What each block of a batch keeps for other stages of a training step, in float32 numbers by name. */
  blockMemory?(layer: Resolved, use: Use): Readonly<Record<string, number>>;
  /**
   * Whether each stage of a training step that reads the output computes it anew, by the last kernel of `forward`, from the
   * input and from what threads keep.
   */
  readonly isComputedAnew?: true;
  /** What each thread keeps from stage to stage, in float32 numbers by name. */
  threadMemory?(layer: Resolved): Readonly<Record<string, number>>;
  /** What each thread needs in training besides, for one kernel at a time, in float32 numbers by name. */
  trainingScratch?(layer: Resolved, use: Use): Readonly<Record<string, number>>;
  /** Whether it draws a mask at each step; the keys of a block's images then stand in its thread memory `keys`. */
  readonly drawsMask?: true;
  /** What is done once before the blocks of a batch. */
  prepare?(node: Node<Resolved>): LoopNest[];
  forward(node: ForwardNode<Resolved>): (LoopNest | WholeBatch)[];
  /** The gradients of the parameters, and of the inputs that need one. */
  backward(node: BackwardNode<Resolved>): (LoopNest | WholeBatch)[];
  /** What is done at the end of a training step's last stage, when all blocks are done. */
  batch?(node: BatchNode<Resolved>): ChunkKernel[];
}

/** How a layer is used in a plan. */
export interface Use {
  readonly convolution: Convolution;
  /** How many blocks a batch has at most. */
  readonly blocks: number;
}

/** A lowering whose blocks never wait for the whole batch. */
export interface BlockLowering<Resolved extends ResolvedLayer = ResolvedLayer> extends Lowering<Resolved> {
  forward(node: ForwardNode<Resolved>): LoopNest[];
  backward(node: BackwardNode<Resolved>): LoopNest[];
}

/** The blocks of a batch, each with memory of its own. */
export interface Blocks {
  readonly count: number;
  /** How far the next block's memory lies from a block's own, in float32 numbers. */
  readonly stride: number;
}

/** What a plan has decided about its layers, and memory for them. */
export interface Decisions {
  readonly winograd: WinogradPlan | undefined;
  readonly gathered: Gather;
  /** Weights of convolutions as they read them. */
  readonly splatted: ReadonlyMap<ModelLayer, Buffer>;
  /** Where max-pools that are fused into convolutions note their winners. */
  readonly winners: ReadonlyMap<ModelLayer, View>;
  /** For tables. */
  readonly shared: Allocator;
  readonly training: boolean;
  readonly blocks: Blocks;
  /** One cell: 1 for each image of a block, 0 for what only fills it. */
  readonly mask: Buffer;
}

/** A layer of the network that is lowered. */
export interface Node<Resolved extends ResolvedLayer = ResolvedLayer> extends Decisions {
  readonly layer: ModelLayer;
  readonly resolved: Resolved;
  /** A parameter of the layer; undefined: it has none of this name. */
  readonly weight: Buffer | undefined;
  readonly bias: Buffer | undefined;
  /** What the layer's `blockMemory` and `threadMemory` ask for. */
  readonly memory: Readonly<Record<string, Buffer>>;
  /** What the layer keeps besides its parameters; undefined: nothing of this name. */
  state(name: string): Buffer | undefined;
}

/** A layer at the end of a step: there the memory of all blocks lies in the shared memory. */
export interface BatchNode<Resolved extends ResolvedLayer = ResolvedLayer> {
  readonly layer: ModelLayer;
  readonly resolved: Resolved;
  readonly blocks: Blocks;
  /** That of the first block, and the thread's. */
  readonly memory: Readonly<Record<string, Buffer>>;
  /** The gradient of a parameter in the row of all, or undefined if there is none of this name. */
  gradient(name: string): Buffer | undefined;
  /** A parameter or what is kept besides. */
  parameter(name: string): Buffer | undefined;
}

export interface ForwardNode<Resolved extends ResolvedLayer = ResolvedLayer> extends Node<Resolved> {
  /** The inputs; `x` is the first. */
  readonly inputs: readonly View[];
  readonly x: View;
  readonly y: View;
  /** Whether the ReLU after it is fused into it. */
  readonly relu: boolean;
  /** If it does the pooling after it: where that goes, and where its winners are noted in training. */
  readonly pooled: { readonly y: View; readonly winners: View | undefined } | undefined;
}

export interface BackwardNode<Resolved extends ResolvedLayer = ResolvedLayer> extends Node<Resolved> {
  readonly inputs: readonly View[];
  readonly x: View;
  readonly y: View;
  readonly dy: View;
  /** What comes back to the output: `dy` alone, or what is to be added up, in this order. */
  readonly comingBack: readonly View[];
  /** Where the gradients of the inputs go; undefined: nobody needs it. `dx` is the first. */
  readonly gradients: readonly (View | undefined)[];
  readonly dx: View | undefined;
  readonly weightGradient: Buffer | undefined;
  readonly biasGradient: Buffer | undefined;
  /** Whether its input comes from a fused ReLU that leaves it to this layer to let nothing through where it gave 0. */
  readonly rectified: boolean;
  /** Whether it is a fused ReLU, and the layer after it does that. */
  readonly leftToNext: boolean;
  /** Scratch for a layer's inputs, the other way round. */
  readonly transposed: Buffer;
}

/** The buffer of a parameter that the layer's kind always has. */
export function needed(buffer: Buffer | undefined, { name }: ModelLayer): Buffer {
  if (buffer === undefined) throw new Error(`${name} lacks a parameter that its kernels read`);
  return buffer;
}

export function noKernel(layer: ModelLayer): InputError {
  return new InputError(
    `${layer.name}: the wasm engine has no kernel for layers of type ${layer.kind.type}; use the reference engine.`,
  );
}
