import { type Model, type Shape, sizeOf } from "unravel-cnn";
import { known } from "../../known.js";
import { rowOf } from "../source/layers.js";
import { isNormalized } from "../source/model.js";
import { type CLayer, cLayers } from "./layers.js";

/*
 * Where each array lies. Arrays that are never needed at the same time share memory; what changes numbers one by one does so in
 * place, where nobody else needs them as they were.
 */

/** A stretch of memory for the outputs of one layer or of some in a row. */
interface Storage {
  readonly size: number;
  /** The layers by which it is written first, and needed last; -1 stands for the normalisation of the pixels. */
  readonly first: number;
  last: number;
  /** The images as they were given, which can't be written over. */
  readonly isGiven: boolean;
}

export interface Memory {
  /** Numbers of all buffers together. */
  readonly size: number;
  /** Where an array lies: at an offset, in the caller's buffer for the scores, or where the pixels are. */
  readonly placeOf: (tensor: string) => number | "scores" | "pixels";
  /** The array that is written over, if it is one whose place an array takes. */
  readonly inPlaceOf: (tensor: string) => string | undefined;
  /** Whether a layer has nothing to do: its numbers lie there already, in their order. */
  readonly isAlias: (tensor: string) => boolean;
}

export function planMemory(model: Model): Memory {
  const storages = new Map<string, Storage>();
  const aliases = new Set<string>();
  const inPlace = new Map<string, string>();
  const lastUse = (tensor: string) =>
    Math.max(-1, ...(model.uses.get(tensor) ?? []).map(({ layer }) => layer.node));
  const put = (tensor: string, shape: Shape, first: number, isGiven = false) =>
    storages.set(tensor, { size: sizeOf(shape), first, last: Math.max(first, lastUse(tensor)), isGiven });
  const share = (tensor: string, storage: Storage) => {
    storages.set(tensor, storage);
    storage.last = Math.max(storage.last, lastUse(tensor));
  };
  put("x", model.inputShape, -1, !isNormalized(model));
  for (const layer of model.layers) {
    const { inputs, output, outputShape, node } = layer;
    const row = rowOf<CLayer>(cLayers, layer);
    const storage = known(storages.get(inputs[0]));
    const isFree = !storage.isGiven && storage.last <= node && inputs.indexOf(inputs[0], 1) < 0;
    if (row.isAlias) {
      aliases.add(output);
      share(output, storage);
    } else if (row.inPlace && isFree) {
      inPlace.set(output, inputs[0]);
      share(output, storage);
    } else put(output, outputShape, node);
  }
  const scores = known(storages.get(model.output));
  const buffers = [...new Set(storages.values())].filter((one) => one !== scores && !one.isGiven);
  const { offsets, size } = packed(buffers);
  return {
    size,
    inPlaceOf: (tensor) => inPlace.get(tensor),
    isAlias: (tensor) => aliases.has(tensor),
    placeOf: (tensor) => {
      const storage = known(storages.get(tensor));
      if (storage.isGiven) return "pixels";
      return storage === scores ? "scores" : known(offsets.get(storage));
    },
  };
}

/** The largest first, each at the first place that is free while it is needed. */
function packed(buffers: readonly Storage[]): { offsets: Map<Storage, number>; size: number } {
  const offsets = new Map<Storage, number>();
  let size = 0;
  for (const buffer of [...buffers].sort((a, b) => b.size - a.size || a.first - b.first)) {
    const others = [...offsets]
      .filter(([other]) => other.first <= buffer.last && buffer.first <= other.last)
      .sort(([, a], [, b]) => a - b);
    let offset = 0;
    for (const [other, begin] of others) {
      if (begin >= offset + buffer.size) break;
      offset = Math.max(offset, begin + other.size);
    }
    offsets.set(buffer, offset);
    size = Math.max(size, offset + buffer.size);
  }
  return { offsets, size };
}
