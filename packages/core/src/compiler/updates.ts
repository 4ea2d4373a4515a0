import type { Model } from "../graph/model.js";
import type { Buffer } from "../ir/ir.js";
import { averageState, flush, reduceSlots, update } from "./kernels/optimizer.js";
import { groupsOf, type ParameterRow } from "./parameterRow.js";
import type { TrainingPlan } from "./plan.js";
import type { RowKernel, Stage } from "./stages.js";

/** What the end of a step works on: rows as long as all parameters, but for those that say otherwise. */
export interface UpdateMemory {
  readonly step: Buffer;
  /** Of the whole row. */
  readonly parameters: Buffer;
  readonly state: readonly Buffer[];
  /** Of the whole row. */
  readonly average: Buffer | undefined;
  /** The first becomes the gradient; the others are as long as what is added up in slots. */
  readonly slots: readonly Buffer[];
}

/**
 * The stages that end a step: slots are added together and parameters updated. With clipping these are two, since its factor
 * depends on all gradients.
 */
export function updateStages(
  model: Model,
  row: ParameterRow,
  { optimizer, clip, ema }: TrainingPlan,
  memory: UpdateMemory,
): Stage[] {
  const { slotLength, parameterLength, rowLength } = row;
  const asChunk = (buffer: Buffer): Buffer => ({ ...buffer, region: "chunk" });
  const slots = memory.slots.map(asChunk);
  const state = memory.state.map(asChunk);
  const parameters = asChunk({ ...memory.parameters, size: parameterLength });
  const average = memory.average && ema !== undefined ? { row: asChunk(memory.average), ema } : undefined;

  const reduce: RowKernel = {
    kernel: reduceSlots("reduce", slots),
    stretches: [[0, slotLength]],
    seldom: false,
  };
  const updates = groupsOf(model, row, optimizer).map(
    ({ name, options, stretches }): RowKernel => ({
      kernel: update(name, options, parameters, slots[0], state, memory.step, clip, average),
      stretches,
      seldom: false,
    }),
  );
  if (average && rowLength > parameterLength) {
    updates.push({
      kernel: averageState("averageState", asChunk(memory.parameters), average),
      stretches: [[parameterLength, rowLength - parameterLength]],
      seldom: false,
    });
  }
  updates.push({
    kernel: flush("flush", optimizer, parameters, state, average?.row),
    stretches: [[0, parameterLength]],
    seldom: true,
  });
  return clip
    ? [
        { each: "parameters", kernels: [reduce], clips: true },
        { each: "parameters", kernels: updates, clips: false },
      ]
    : [{ each: "parameters", kernels: [reduce, ...updates], clips: false }];
}
