import type { Plan } from "../../compiler/plan.js";
import { type NamedTensors, sizeOf } from "../../tensor.js";

/** All parameters in one row, as the plan orders them. */
export function rowOf(plan: Plan, parameters: NamedTensors): Float32Array {
  const row = new Float32Array(plan.parameterLength);
  for (const [name, offset] of plan.parameterOffsets) row.set(parameters[name].data, offset);
  return row;
}

/** The parameters of a row, each in its own memory. */
export function parametersOf(plan: Plan, row: Float32Array): NamedTensors {
  return Object.fromEntries(
    plan.model.parameters.map(({ fullName, shape }) => {
      const offset = plan.parameterOffsets.get(fullName) as number;
      return [fullName, { shape, data: row.slice(offset, offset + sizeOf(shape)) }];
    }),
  );
}
