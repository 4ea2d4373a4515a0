import type { Plan } from "../../compiler/plan.js";
import type { OptimizerOptions } from "../../optimizers/index.js";
import { sizeOf } from "../../tensor.js";

/** What a thread needs to know of a plan: plain data that can be sent to a worker. Offsets and lengths in bytes. */
export interface MemoryLayout {
  /** How many images a block has. */
  readonly block: number;
  readonly prepare: readonly string[];
  readonly forward: readonly string[];
  readonly backward: readonly string[];
  readonly imageSize: number;
  readonly classes: number;
  readonly batch: readonly {
    readonly name: string;
    readonly chunks: number;
    readonly weightBytes: number;
    readonly stashBytes: number;
  }[];
  readonly parameterLength: number;
  /** How much of it is added up in slots. */
  readonly slotLength: number;
  readonly parameters: number;
  /** Where the weights lie in the row of all parameters, which has biases too: [offset, length] in float32 numbers. */
  readonly weights: readonly (readonly [number, number])[];
  /** Rows as long as that of the parameters, of what the optimizer remembers. */
  readonly state: readonly number[];
  readonly step: number;
  readonly slots: readonly number[];
  /** What the first block leaves for the end of the batch, and how far the next block's lies from it. */
  readonly stash: { readonly offset: number; readonly strideBytes: number };
  readonly workspaces: number;
  readonly workspaceBytes: number;
  /** From the start of a workspace. */
  readonly bytes: number;
  readonly labels: number;
  readonly scale: number;
  readonly statistics: number;
  readonly logits: number;
  /** Stretches of a workspace, [offset, length in float32 numbers], that are minus infinity where no kernel writes. */
  readonly minusInfinity: readonly (readonly [number, number])[];
  readonly training?: {
    readonly batchSize: number;
    readonly optimizer: OptimizerOptions;
    readonly clip: number | undefined;
  };
}

export function layoutOf(plan: Plan, training?: MemoryLayout["training"]): MemoryLayout {
  const { memory, workspace, model } = plan;
  return {
    block: plan.block,
    prepare: plan.prepare.map(({ name }) => name),
    forward: plan.forward.map(({ name }) => name),
    backward: plan.backward.map(({ name }) => name),
    imageSize: sizeOf(model.inputShape),
    classes: model.classes.length,
    batch: plan.batch.map(({ kernel, ...chunk }) => ({ name: kernel.name, ...chunk })),
    parameterLength: plan.parameterLength,
    slotLength: plan.slotLength,
    stash: memory.stash,
    parameters: memory.parameters.offset,
    weights: model.parameters
      .filter(({ fanIn }) => fanIn > 0)
      .map(({ fullName, shape }) => [plan.parameterOffsets.get(fullName) as number, sizeOf(shape)]),
    state: memory.state.map(({ offset }) => offset),
    step: memory.step.offset,
    slots: memory.slots.map(({ offset }) => offset),
    workspaces: memory.workspaces,
    workspaceBytes: memory.workspaceBytes,
    bytes: workspace.bytes.offset,
    labels: workspace.labels.offset,
    scale: workspace.scale.offset,
    statistics: workspace.statistics.offset,
    logits: workspace.logits.buffer.offset + 4 * workspace.logits.start,
    minusInfinity: workspace.bordersOfMinusInfinity.map(({ buffer }) => [buffer.offset, buffer.size]),
    ...(training && { training }),
  };
}
