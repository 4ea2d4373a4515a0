import { type Init, InputError, type OptimizerName, type OptimizerSpec, type Schedule } from "unravel-cnn";
import type { EngineChoice } from "../../engine.js";

/** What can be said on the command line. */
export interface TrainOptions extends EngineChoice {
  model: string;
  filters?: number;
  width?: number;
  depth?: number;
  init?: Init;
  data: string;
  offline?: boolean;
  limit?: number;
  epochs: number;
  batchSize: number;
  optimizer: OptimizerName;
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
  learningRate?: number;
  schedule: Schedule;
  clip?: number;
  validation: number;
  seed: number;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

/** @throws InputError for an option that the optimizer doesn't take */
export function optimizerOf({
  optimizer: type,
  momentum,
  nesterov,
  weightDecay,
}: TrainOptions): Exclude<OptimizerSpec, string> {
  const decay = weightDecay !== undefined && { weightDecay };
  if (type === "sgd") {
    return { type, ...(momentum !== undefined && { momentum }), ...(nesterov && { nesterov }), ...decay };
  }
  const misplaced = momentum !== undefined ? "--momentum" : nesterov ? "--nesterov" : undefined;
  if (misplaced) throw new InputError(`${misplaced} goes with --optimizer sgd, not with ${type}.`);
  return { type, ...decay };
}
