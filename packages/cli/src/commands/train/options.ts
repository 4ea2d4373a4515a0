import {
  type AugmentSpec,
  type ClassWeightsSpec,
  type Decay,
  defineModel,
  type Every,
  type Init,
  InputError,
  type Keep,
  type OptimizerName,
  type OptimizerSpec,
  type Schedule,
} from "unravel-cnn";
import type { DataOptions } from "../../dataOptions.js";
import type { EngineChoice } from "../../engine.js";
import type { LoadedModel } from "../../model.js";

/** What can be said on the command line. */
export interface TrainOptions extends EngineChoice, DataOptions {
  model: string;
  spec?: string;
  filters?: number;
  width?: number;
  depth?: number;
  recipe?: string;
  init?: Init;
  test?: string;
  limit?: number;
  epochs: number;
  batchSize: number;
  optimizer: OptimizerName;
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
  decay?: Decay;
  learningRate?: number;
  schedule: Schedule;
  clip?: number;
  labelSmoothing?: number;
  classWeights?: ClassWeightsSpec;
  ema?: number;
  augment?: AugmentSpec;
  validation?: number;
  keep: Keep;
  patience?: number;
  checkpoint?: string;
  every?: Every;
  resume?: string;
  seed: number;
  out?: string;
  findRate?: boolean;
  history?: string;
  plot?: string;
  json?: boolean;
  quiet?: boolean;
}

/** @throws InputError for an option that the optimizer doesn't take */
export function optimizerOf({
  optimizer: type,
  momentum,
  nesterov,
  weightDecay,
  decay: decayed,
}: TrainOptions): Exclude<OptimizerSpec, string> {
  if (decayed !== undefined && weightDecay === undefined && type !== "adamw") {
    throw new InputError(`--decay goes with --weight-decay, which ${type} is without unless you give it.`);
  }
  const decay = {
    ...(weightDecay !== undefined && { weightDecay }),
    ...(decayed !== undefined && { decay: decayed }),
  };
  if (type === "sgd") {
    return { type, ...(momentum !== undefined && { momentum }), ...(nesterov && { nesterov }), ...decay };
  }
  const misplaced = momentum !== undefined ? "--momentum" : nesterov ? "--nesterov" : undefined;
  if (misplaced) throw new InputError(`${misplaced} goes with --optimizer sgd, not with ${type}.`);
  return { type, ...decay };
}

/** The network with the loss that was asked for. @throws InputError if its own has no labels to smooth */
export function withLabelSmoothing(loaded: LoadedModel, { labelSmoothing }: TrainOptions): LoadedModel {
  if (labelSmoothing === undefined) return loaded;
  const { spec, loss } = loaded.model;
  if (loss.type !== "softmaxCrossEntropy") {
    throw new InputError(`--label-smoothing goes with the loss softmaxCrossEntropy, not with ${loss.type}.`);
  }
  const model = defineModel({ ...spec, loss: { type: loss.type, labelSmoothing } });
  return { ...loaded, model };
}

/** What stands for `--class-weights`: `balanced`, or numbers with commas between them. */
export function classWeightsOption(text: string): ClassWeightsSpec {
  if (text === "balanced") return text;
  const weights = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (weights.every((weight) => weight > 0 && weight < Infinity)) return weights;
  throw new InputError(
    `--class-weights must be "balanced" or a number above 0 for each class with commas between them, like 1,2,0.5, not ${JSON.stringify(text)}.`,
  );
}

const EVERY: readonly (readonly [pattern: RegExp, meaning: (amount: number) => Every])[] = [
  [/^(\d+(?:\.\d+)?) ?s$/, (seconds) => ({ seconds })],
  [/^(\d+(?:\.\d+)?) ?min$/, (minutes) => ({ seconds: 60 * minutes })],
  [/^(\d{1,15}) ?epochs?$/, (epochs) => ({ epochs })],
  [/^(\d{1,15}) ?steps?$/, (steps) => ({ steps })],
];

/** What stands for `--every`: `60s`, `5min`, `1epoch`, `200steps`. */
export function everyOption(text: string): Every {
  for (const [pattern, meaning] of EVERY) {
    const amount = Number(pattern.exec(text)?.[1]);
    if (amount > 0 && amount < Infinity) return meaning(amount);
  }
  throw new InputError(
    `--every must be a time, or a number of epochs or steps, like 60s, 5min, 1epoch or 200steps, not ${JSON.stringify(text)}.`,
  );
}
