import { forward, loadBatch, type Model, type NamedTensors, type Trace, trace } from "unravel-cnn";

/** Some images and their right classes. */
export interface Batch {
  /** Bytes `[N, C, H, W]`. */
  readonly images: Uint8Array;
  /** Where nobody said what is right, what the network holds for the most probable counts as right. */
  readonly labels: readonly (number | undefined)[];
}

/** Runs the textbook on a batch, forward and backward. */
export function traceBatch(model: Model, parameters: NamedTensors, { images, labels }: Batch): Trace {
  const x = loadBatch(images, model.inputShape, [...labels.keys()], model.normalize);
  return trace(
    model,
    parameters,
    x,
    labels.includes(undefined) ? guessed(model, parameters, x, labels) : (labels as number[]),
  );
}

function guessed(
  model: Model,
  parameters: NamedTensors,
  x: Trace["tensors"][string],
  labels: Batch["labels"],
): number[] {
  const { data } = Object.values(forward(model, parameters, x)).at(-1) as { data: ArrayLike<number> };
  const classes = model.classes.length;
  return labels.map((label, n) => {
    if (label !== undefined) return label;
    let best = 0;
    for (let k = 1; k < classes; k++) if (data[n * classes + k] > data[n * classes + best]) best = k;
    return best;
  });
}
