import type { ParameterRow } from "../../compiler/parameterRow.js";
import type { Model, ModelParameter } from "../../graph/model.js";
import { tensorsOfModel } from "../../graph/parameters.js";
import { known } from "../../known.js";
import { type NamedTensors, sizeOf } from "../../tensor.js";

/** What rows are put together by. */
interface Plan extends Pick<ParameterRow, "parameterOffsets" | "rowLength" | "parameterLength"> {
  readonly model: Model;
}

/** All parameters, and what layers keep besides, in one row, as the plan orders them. */
export function rowOf(plan: Plan, parameters: NamedTensors): Float32Array {
  return inRow(plan, plan.rowLength, tensorsOfModel(plan.model), parameters);
}

/** What an optimizer remembers of each parameter, in a row like that. */
export function memoryRowOf(plan: Plan, memory: NamedTensors): Float32Array {
  return inRow(plan, plan.parameterLength, plan.model.parameters, memory);
}

/** What a row holds, each tensor in its own memory. */
export function parametersOf(plan: Plan, row: Float32Array): NamedTensors {
  return outOfRow(plan, tensorsOfModel(plan.model), row);
}

export function memoryOf(plan: Plan, row: Float32Array): NamedTensors {
  return outOfRow(plan, plan.model.parameters, row);
}

type Placed = Pick<ModelParameter, "fullName" | "shape">;

function inRow(
  { parameterOffsets }: Plan,
  length: number,
  wanted: readonly Placed[],
  tensors: NamedTensors,
): Float32Array {
  const row = new Float32Array(length);
  for (const { fullName } of wanted) row.set(tensors[fullName].data, known(parameterOffsets.get(fullName)));
  return row;
}

function outOfRow(plan: Plan, wanted: readonly Placed[], row: Float32Array): NamedTensors {
  return Object.fromEntries(
    wanted.map(({ fullName, shape }) => {
      const offset = known(plan.parameterOffsets.get(fullName));
      return [fullName, { shape, data: row.slice(offset, offset + sizeOf(shape)) }];
    }),
  );
}
