import type { Augmentation } from "../../augment/options.js";
import type { Plan } from "../../compiler/plan.js";
import type { ChunkKernel, RowKernel, Stage } from "../../compiler/stages.js";
import type { LoopNest, Region } from "../../ir/ir.js";
import { known } from "../../known.js";
import type { OptimizerOptions } from "../../optimizers/index.js";
import { type ImageShape, sizeOf } from "../../tensor.js";
import { absurdLoss } from "../signs.js";

/** A part of a region: where it begins, in bytes, and how many float32 numbers it has. */
type Border = readonly [offset: number, length: number];

/** As `Stage`, with names in the place of kernels. */
export type StageLayout =
  | { readonly each: "thread"; readonly kernels: readonly string[] }
  | { readonly each: "block"; readonly kernels: readonly string[]; readonly loss: boolean }
  | { readonly each: "chunk"; readonly kernels: readonly Named<ChunkKernel>[] }
  | { readonly each: "parameters"; readonly kernels: readonly Named<RowKernel>[]; readonly clips: boolean };

export type Named<Placed> = Omit<Placed, "kernel"> & { readonly name: string };

/** What a thread needs to know of a plan: plain data that can be sent to a worker. Offsets and lengths in bytes. */
export interface MemoryLayout {
  /** How many images a block has. */
  readonly block: number;
  /** The stages of a step, with the names of their kernels. */
  readonly stages: readonly StageLayout[];
  readonly imageShape: ImageShape;
  readonly imageSize: number;
  readonly classes: number;
  /** A batch's mean loss above this is absurd. */
  readonly absurdLoss: number;
  readonly parameterLength: number;
  /** The same with what layers keep besides. */
  readonly rowLength: number;
  /** How much of it is added up in slots. */
  readonly slotLength: number;
  readonly parameters: number;
  /** Where the weights lie in the row of all parameters, which has biases too: [offset, length] in float32 numbers. */
  readonly weights: readonly (readonly [number, number])[];
  /** Rows as long as that of the parameters, of what the optimizer remembers. */
  readonly state: readonly number[];
  /** A row as long as all of `rowLength`: the average of what lies there. Undefined: there is none. */
  readonly average: number | undefined;
  readonly step: number;
  readonly slots: readonly number[];
  /** Where the first block's own memory lies, and how far the next block's lies from it. */
  readonly blocks: { readonly offset: number; readonly strideBytes: number };
  readonly workspaces: number;
  readonly workspaceBytes: number;
  /** From the start of a workspace. */
  readonly bytes: number;
  readonly labels: number;
  readonly scale: number;
  readonly mask: number;
  readonly statistics: number;
  readonly logits: number;
  /** How far those of the next class lie, in float32 numbers. */
  readonly logitsStride: number;
  /** Where in a workspace layers find the keys of their masks, and the layers' places. */
  readonly keys: readonly { readonly node: number; readonly offset: number }[];
  /** Stretches of a workspace that are minus infinity where no kernel writes. */
  readonly minusInfinity: readonly Border[];
  /** The same of the memory of a block. */
  readonly minusInfinityOfBlocks: readonly Border[];
  readonly training?: {
    readonly batchSize: number;
    readonly optimizer: OptimizerOptions;
    readonly clip: number | undefined;
    readonly seed: number;
    /** How images are changed by chance. */
    readonly augment?: Augmentation;
    /** 1, or with several labels at once as many as there are classes. */
    readonly labelsPerImage: number;
    /** With class weights, for each class: how much an image counts, and the sum of what is asked of all classes. */
    readonly weights?: { readonly counts: readonly number[]; readonly totals: readonly number[] };
  };
}

export function layoutOf(plan: Plan, training?: MemoryLayout["training"]): MemoryLayout {
  const { memory, workspace, model } = plan;
  return {
    block: plan.block,
    stages: plan.stages.map(layoutOfStage),
    imageShape: model.inputShape,
    imageSize: sizeOf(model.inputShape),
    classes: model.classes.length,
    absurdLoss: absurdLoss(model),
    parameterLength: plan.parameterLength,
    rowLength: plan.rowLength,
    slotLength: plan.slotLength,
    blocks: memory.blocks,
    parameters: memory.parameters.offset,
    weights: model.parameters
      .filter(({ fanIn }) => fanIn > 0)
      .map(({ fullName, shape }) => [known(plan.parameterOffsets.get(fullName)), sizeOf(shape)]),
    state: memory.state.map(({ offset }) => offset),
    average: memory.average?.offset,
    step: memory.step.offset,
    slots: memory.slots.map(({ offset }) => offset),
    workspaces: memory.workspaces,
    workspaceBytes: memory.workspaceBytes,
    bytes: workspace.bytes.offset,
    labels: workspace.labels.offset,
    scale: workspace.scale.offset,
    mask: workspace.mask.offset,
    statistics: workspace.statistics.offset,
    logits: workspace.logits.buffer.offset + 4 * workspace.logits.start,
    logitsStride: workspace.logits.plane,
    keys: workspace.keys.map(({ node, buffer }) => ({ node, offset: buffer.offset })),
    minusInfinity: bordersIn("workspace", plan),
    minusInfinityOfBlocks: bordersIn("block", plan),
    ...(training && { training }),
  };
}

function layoutOfStage(stage: Stage): StageLayout {
  switch (stage.each) {
    case "thread":
      return { each: "thread", kernels: stage.kernels.map(({ name }) => name) };
    case "block":
      return { each: "block", kernels: stage.kernels.map(({ name }) => name), loss: stage.loss };
    case "chunk":
      return { each: "chunk", kernels: stage.kernels.map(named) };
    case "parameters":
      return { each: "parameters", kernels: stage.kernels.map(named), clips: stage.clips };
  }
}

const named = <Placed extends { readonly kernel: LoopNest }>({ kernel, ...placed }: Placed) => ({
  name: kernel.name,
  ...placed,
});

function bordersIn(region: Region, { workspace }: Plan): Border[] {
  return workspace.bordersOfMinusInfinity
    .filter(({ buffer }) => buffer.region === region)
    .map(({ buffer }) => [buffer.offset, buffer.size]);
}

/** Fills stretches with minus infinity. @param origin where what they lie in begins, in bytes */
export function fillBorders(numbers: Float32Array, stretches: readonly Border[], origin: number): void {
  for (const [offset, length] of stretches) {
    const start = (origin + offset) / 4;
    numbers.fill(-Infinity, start, start + length);
  }
}
