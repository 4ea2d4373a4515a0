import { known } from "../known.js";
import type { AnyLayerSpec } from "../layers/index.js";
import { rescaled } from "../layers/rescaled.js";
import { parametersOf } from "../reference/trace.js";
import type { NamedTensors } from "../tensor.js";
import { defineModel, type Model, type ModelLayer, producerOf } from "./model.js";
import { checkParameters } from "./parameters.js";

/*
 * A network as it is used after training can be smaller than the one that was trained. Dropout does nothing any more. Batch
 * normalisation multiplies each channel by a number and adds another, and where it alone takes what a convolution or a dense layer
 * gives, their weights can do that:
 *
 *   factor * (sum of w * x + b) + shift = sum of (factor * w) * x + (factor * b + shift)
 */

/**
 * The same network for use after training: without dropout, and with batch normalisation merged into the layers before it
 * where these are convolutions or dense layers that nobody else listens to. Its predictions are the same up to rounding, and
 * layers that were not named are numbered anew. Parameters that don't change are shared with what was given.
 * @throws InputError if the parameters don't fit the model
 */
export function fold(saved: { readonly model: Model; readonly parameters: NamedTensors }): {
  model: Model;
  parameters: NamedTensors;
} {
  const { model, parameters } = saved;
  checkParameters(model, parameters);
  const folding = planFolding(model);
  return { model: folding.model, parameters: foldParameters(folding, parameters) };
}

/** How a network is folded, whatever its parameters are. */
export interface Folding {
  readonly model: Model;
  /** The layers that stay, as they were and as they are now, with the norm that is merged into each. */
  readonly kept: readonly {
    readonly before: ModelLayer;
    readonly now: ModelLayer;
    readonly norm?: ModelLayer;
  }[];
}

export function planFolding(model: Model): Folding {
  const norms = new Map<ModelLayer, ModelLayer>();
  for (const layer of model.layers) {
    const before = layer.kind.affine && giverToItAlone(model, layer.inputs[0]);
    if (before?.kind.rescales) norms.set(before, layer);
  }
  const merged = new Set(norms.values());
  const isGone = (layer: ModelLayer) => layer.kind.passesInEvaluation === true || merged.has(layer);
  const kept = model.layers.filter((layer) => !isGone(layer));
  if (kept.length === model.layers.length) {
    return { model, kept: kept.map((layer) => ({ before: layer, now: layer })) };
  }

  /** The layer that now gives what this tensor was; undefined: the images. */
  const giverOf = (tensor: string): ModelLayer | undefined => {
    const producer = producerOf(model, tensor);
    return producer && isGone(producer) ? giverOf(producer.inputs[0]) : producer;
  };
  const counts: Record<string, number> = {};
  const names = new Map<ModelLayer | undefined, string>([[undefined, "x"]]);
  for (const layer of kept) {
    const { prefix } = layer.kind;
    counts[prefix] = (counts[prefix] ?? 0) + 1;
    names.set(layer, layer.spec.name ?? `${prefix}${counts[prefix]}`);
  }
  const layers = kept.map((layer, k): AnyLayerSpec => {
    const givers = layer.inputs.map(giverOf);
    const followsOn = givers.length === 1 && givers[0] === kept[k - 1];
    const { from: _, ...rest } = layer.spec;
    const spec = {
      ...rest,
      ...(norms.has(layer) && { bias: true }),
      ...(!followsOn && { from: givers.map((giver) => known(names.get(giver))) }),
    };
    return spec as AnyLayerSpec;
  });
  const folded = defineModel({ ...model.spec, layers });
  return {
    model: folded,
    kept: kept.map((before, k) => {
      const norm = norms.get(before);
      return { before, now: folded.layers[k], ...(norm && { norm }) };
    }),
  };
}

/** The layer whose output, perhaps after dropout, a tensor is, if nobody takes either but for that. */
function giverToItAlone(model: Model, tensor: string): ModelLayer | undefined {
  const producer = producerOf(model, tensor);
  if (producer === undefined || model.uses.get(tensor)?.length !== 1) return undefined;
  return producer.kind.passesInEvaluation ? giverToItAlone(model, producer.inputs[0]) : producer;
}

export function foldParameters({ kept }: Folding, parameters: NamedTensors): NamedTensors {
  if (kept.every(({ before, now }) => before === now)) return parameters;
  const folded: NamedTensors = {};
  for (const { before, now, norm } of kept) {
    const own = parametersOf(before, parameters);
    const affine = norm?.kind.affine?.(norm.resolved, parametersOf(norm, parameters));
    for (const [name, tensor] of Object.entries(affine ? rescaled(own, affine) : own)) {
      folded[`${now.name}.${name}`] = tensor;
    }
  }
  return folded;
}
