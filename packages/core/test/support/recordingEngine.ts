import { countOf, type Dataset } from "../../src/data/dataset.js";
import type { Engine, TrainingOptions } from "../../src/engine/engine.js";

/** What an engine was asked to do. */
export interface Recording {
  /** How many images each training run was given, and its options. */
  readonly runs: { readonly images: number; readonly data: Dataset; readonly options: TrainingOptions }[];
  readonly epochs: { readonly order: number[]; readonly learningRates: number[] }[];
  /** How many images were looked at outside of training, each time. */
  readonly inferences: number[];
}

/** The same engine, and a record of what it is asked to do. */
export function recording(engine: Engine): Engine & { readonly record: Recording } {
  const record: Recording = { runs: [], epochs: [], inferences: [] };
  return {
    record,
    name: engine.name,
    model: engine.model,
    threads: engine.threads,
    strict: engine.strict,
    parameters: () => engine.parameters(),
    setParameters: (parameters) => engine.setParameters(parameters),
    close: () => engine.close(),
    logits: (images, options) => {
      record.inferences.push(images.length / engine.model.inputShape.reduce((a, b) => a * b));
      return engine.logits(images, options);
    },
    startTraining: async (data, options) => {
      record.runs.push({ images: countOf(data), data, options });
      const run = await engine.startTraining(data, options);
      return {
        epoch: (order, learningRates, epochOptions) => {
          record.epochs.push({ order: Array.from(order), learningRates: Array.from(learningRates) });
          return run.epoch(order, learningRates, epochOptions);
        },
        state: () => run.state(),
        close: () => run.close(),
      };
    },
  };
}
