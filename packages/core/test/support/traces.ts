import fc from "fast-check";
import { cellAddress, indexAt } from "../../src/cell.js";
import type { Cell } from "../../src/explain/index.js";
import { defineModel, type Model } from "../../src/graph/model.js";
import { type Circumstances, FIRST_STEP } from "../../src/layers/layer.js";
import { type Trace, tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { copyAll, type DType, type NamedTensors } from "../../src/tensor.js";
import { losses } from "./engineCases.js";
import { circumstances, networks, randomParameters, rareLayers } from "./networks.js";
import { seeds } from "./properties.js";
import { normals } from "./values.js";

/** What all numbers are rounded to multiples of, so that many are equal and some are 0; 0: they are left as they are. */
const grids = fc.constantFrom(0, 0, 0.5);

function onGrid(tensors: NamedTensors, grid: number): NamedTensors {
  if (grid > 0) {
    for (const { data } of Object.values(tensors)) {
      for (let k = 0; k < data.length; k++) data[k] = grid * Math.round(data[k] / grid);
    }
  }
  return tensors;
}

/** The plain loss in half of the networks; and several labels at once. */
const ends = fc.oneof(
  fc.constant({ loss: losses[0], several: false }),
  fc.constantFrom(...losses.map((loss) => ({ loss, several: false })), {
    loss: { type: "binaryCrossEntropy" },
    several: true,
  }),
);

/** Steps of random networks on one to three images, with an update after them; also with many ties. */
export function traces(dtype: DType): fc.Arbitrary<Trace> {
  return fc
    .tuple(networks, fc.integer({ min: 1, max: 3 }), seeds, grids, circumstances, ends)
    .map(([{ spec, fewestImages }, images, seed, grid, circumstances, { loss, several }]) => {
      const model = defineModel({ ...spec, loss });
      return traceOf(model, Math.max(images, fewestImages), seed, grid, dtype, circumstances, several);
    });
}

/** A step of a network with the kinds of layers that a few random ones may all lack. */
export function rareTrace(dtype: DType): Trace {
  return traceOf(defineModel(rareLayers), 2, 1, 0, dtype, FIRST_STEP);
}

function traceOf(
  model: Model,
  batch: number,
  seed: number,
  grid: number,
  dtype: DType,
  { mode, seed: ofMasks, step }: Circumstances,
  several = false,
): Trace {
  const given = { x: normals([batch, ...model.inputShape], seed, "x"), ...randomParameters(model, seed) };
  const { x, ...parameters } = copyAll(onGrid(given, grid), dtype);
  const K = model.classes.length;
  const labels = several
    ? Array.from({ length: batch * K }, (_, i) => ((seed >> (i % 13)) + i) & 1)
    : Array.from({ length: batch }, (_, n) => (seed + n) % K);
  const options = { mode, seed: ofMasks, step };
  return withUpdate(trace(model, parameters, x, labels, options), 0.125 + (seed % 7) / 10);
}

/** Every cell of every tensor. */
export function cellsOf(step: Trace): Cell[] {
  return Object.entries(tensorsOf(step)).flatMap(([tensor, { shape, data }]) =>
    Array.from(data, (_, offset) => ({ tensor, index: indexAt(shape, offset) })),
  );
}

/** Addresses, sorted. */
export function addresses(cells: readonly Cell[]): string[] {
  return cells.map(cellAddress).sort();
}
