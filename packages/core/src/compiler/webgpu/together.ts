import type { Buffer, LoopNest } from "../../ir/ir.js";
import { bindingsOf, type Place } from "../../ir/wgsl/storages.js";
import { together } from "./widen.js";

/*
 * A dispatch takes a device some microseconds, however little it does: small kernels that don't need each other become one.
 */

/** Any device binds eight storages to a shader; one more than these may say whether the step goes on. */
const MOST_STORAGES = 7;

/** Kernels as one. */
export interface Together {
  readonly nest: LoopNest;
  /** Their names. */
  readonly parts: readonly string[];
}

/**
 * The kernels of several layers as few: those that a layer has first, then those that it has second, ...
 * @param ofLayers each layer's, in their order
 */
export function fewKernels(
  ofLayers: readonly (readonly LoopNest[])[],
  placeOf: (buffer: Buffer) => Place,
): Together[] {
  const longest = Math.max(0, ...ofLayers.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    inGroups(
      ofLayers.flatMap((kernels) => kernels.slice(turn, turn + 1)),
      placeOf,
    ),
  ).flat();
}

function oneOf(nests: readonly LoopNest[]): Together {
  const [{ name }, ...others] = nests;
  const nest = others.length === 0 ? nests[0] : together(`${name} and ${others.length} more`, nests);
  return { nest, parts: nests.map((one) => one.name) };
}

function inGroups(nests: readonly LoopNest[], placeOf: (buffer: Buffer) => Place): Together[] {
  const storagesOf = (nest: LoopNest) => bindingsOf(nest, placeOf).map(({ storage }) => storage);
  const groups: { nests: LoopNest[]; storages: Set<unknown> }[] = [];
  for (const nest of nests) {
    const own = storagesOf(nest);
    const fits = groups.find(({ storages }) => new Set([...storages, ...own]).size <= MOST_STORAGES);
    const group = fits ?? { nests: [], storages: new Set() };
    if (!fits) groups.push(group);
    group.nests.push(nest);
    for (const storage of own) group.storages.add(storage);
  }
  return groups.map((group) => oneOf(group.nests));
}
