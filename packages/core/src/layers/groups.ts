import type { Conv2d } from "./conv2d.js";

/* Convolutions in groups: which channels a filter sees. */

/** How many channels a filter sees. */
export function channelsOfGroup({ inputShape: [channels], groups }: Conv2d): number {
  return channels / groups;
}

/** The first channel that filter o sees. */
export function firstChannel(layer: Conv2d, o: number): number {
  return Math.floor(o / (layer.outputShape[0] / layer.groups)) * channelsOfGroup(layer);
}

/** The filters, from `begin` to before `end`, that see channel c. */
export function filtersOf(layer: Conv2d, c: number): { readonly begin: number; readonly end: number } {
  const size = layer.outputShape[0] / layer.groups;
  const group = Math.floor(c / channelsOfGroup(layer));
  return { begin: group * size, end: (group + 1) * size };
}

/** The convolution that each of the groups is. */
export function ofOneGroup(layer: Conv2d): Conv2d {
  const [filters, rows, columns] = layer.outputShape;
  const [, height, width] = layer.inputShape;
  return {
    ...layer,
    inputShape: [channelsOfGroup(layer), height, width],
    outputShape: [filters / layer.groups, rows, columns],
    groups: 1,
  };
}
