import {
  at,
  type Buffer,
  constant,
  from,
  type Index,
  type LoopNest,
  load,
  loopNest,
  splat,
} from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { BLOCK, grid, tilesOf, type View } from "../block.js";
import type { Border } from "../memory.js";
import { storeSums } from "./conv2d.js";
import { addColumns, FILTERS_TOGETHER, type FilterTile, WIDEST_UNROLLED } from "./conv2dWindows.js";

/*
 * The gradient of a convolution's input is again a convolution, of the outputs' gradients with the kernels turned around:
 * each input cell gathers what came back from the outputs that it went into. Rows of a kernel that meet no output are left
 * out, and so are columns that meet none for any of the input cells that are computed together; for the others of them
 * there is a border of zeros. Names as in layers/conv2d.ts: o filter, c channel, (i, j) output cell, (u, v) kernel cell; and
 * (p, q) input cell.
 */

/** Whether a convolution's gradients can be gathered: with strides, each input cell would have a window of its own. */
export function canGather({ stride, kernel: [, V] }: Conv2d): boolean {
  return stride[0] === 1 && stride[1] === 1 && V <= WIDEST_UNROLLED;
}

/** How far a window reaches to the left of the gradient that has the cell's own number. */
function reach({ kernel: [, V], dilation, padding: [, , , left] }: Conv2d): number {
  return (V - 1) * dilation[1] - left;
}

/** The zeros that windows read around the gradients of the outputs. */
export function borderOfGradients(layer: Conv2d): Border {
  const {
    kernel: [, V],
    dilation,
    padding: [, right],
  } = layer;
  return [0, Math.max(0, (V - 1) * dilation[1] - right), 0, Math.max(0, reach(layer))];
}

/** Which rows of the kernel meet an output, for each row p of the input: [u, i]. */
function meetings({ inputShape, outputShape, kernel, dilation, padding }: Conv2d): [number, number][][] {
  return Array.from({ length: inputShape[1] }, (_, p) =>
    Array.from({ length: kernel[0] }, (_, u): [number, number] => [
      u,
      p + padding[0] - u * dilation[0],
    ]).filter(([, i]) => i >= 0 && i < outputShape[1]),
  );
}

/** Input cells side by side that are computed together, `count` times, and the columns of the turned kernel that meet outputs. */
interface CellTile {
  readonly first: number;
  readonly size: number;
  count: number;
  readonly columns: { readonly first: number; readonly end: number };
}

function cellTiles(layer: Conv2d, largest: number): CellTile[] {
  const [, , W] = layer.inputShape;
  const [, , J] = layer.outputShape;
  const [, V] = layer.kernel;
  const tiles: CellTile[] = [];
  for (let first = 0; first < W; first += largest) {
    const size = Math.min(largest, W - first);
    const meets = Array.from({ length: V }, (_, v) => {
      const j = first - reach(layer) + v * layer.dilation[1];
      return j + size > 0 && j < J;
    });
    const columns = { first: Math.max(0, meets.indexOf(true)), end: meets.lastIndexOf(true) + 1 };
    const before = tiles.at(-1);
    const same =
      before?.size === size && before.columns.first === columns.first && before.columns.end === columns.end;
    if (same) before.count += 1;
    else tiles.push({ first, size, count: 1, columns });
  }
  return tiles;
}

/** Where the rows that meet lie, `[p, k]` of which `counts[p]` are used: their gradients and their weights. */
export function gatheringTables(layer: Conv2d, dy: View, splatted: boolean) {
  const [O] = layer.outputShape;
  const [U, V] = layer.kernel;
  const rows = meetings(layer);
  const places = (of: (u: number, i: number) => number) =>
    rows.flatMap((met) => Array.from({ length: U }, (_, k) => (k < met.length ? of(...met[k]) : 0)));
  return {
    counts: rows.map((met) => met.length),
    gradients: places((_, i) => i * dy.row),
    weights: places((u) => (splatted ? u * O * V * 4 * FILTERS_TOGETHER : u * V)),
  };
}

/** Writes each weight four times, in the order in which they are read: `[c, u, o, v, c % 2, 4]`, v from the last on. */
export function splatTurned(name: string, layer: Conv2d, weight: Buffer, splatted: Buffer): LoopNest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  const [U, V] = layer.kernel;
  const row = O * V * 4 * FILTERS_TOGETHER;
  return loopNest(name, (b) => {
    for (const cs of tilesOf(C, FILTERS_TOGETHER)) {
      b.loop("c", cs.count, (c) =>
        b.loop("u", U, (u) =>
          b.loop("o", O, (o) => {
            for (let v = 0; v < V; v++) {
              for (let channel = 0; channel < cs.size; channel++) {
                const place = (cs.first / FILTERS_TOGETHER) * U * row + 4 * (v * FILTERS_TOGETHER + channel);
                const from = (cs.first + channel) * U * V + V - 1 - v;
                b.store(
                  at(splatted, place, [c, U * row], [u, row], [o, V * 4 * FILTERS_TOGETHER]),
                  splat(at(weight, from, [c, cs.size * U * V], [u, V], [o, C * U * V])),
                );
              }
            }
          }),
        ),
      );
    }
  });
}

/** How many float32 numbers `splatTurned` writes for so many weights, of all groups. */
export function splatTurnedSize({
  inputShape: [C],
  outputShape: [O],
  kernel: [U, V],
  groups,
}: Conv2d): number {
  return Math.ceil(C / groups / FILTERS_TOGETHER) * U * O * V * 4 * FILTERS_TOGETHER;
}

/** What gathering needs to know of a layer. */
export interface Gathering {
  readonly layer: Conv2d;
  readonly weight: Buffer;
  /** The same weights as `splatTurned` writes them. */
  readonly splatted: Buffer | undefined;
  /** `gatheringTables`' numbers. */
  readonly counts: Buffer;
  readonly gradients: Buffer;
  readonly weights: Buffer;
}

/** `dy` must have a border of zeros, `borderOfGradients`. */
export function gatherInputGradient(name: string, gathering: Gathering, dy: View, dx: View): LoopNest {
  const { layer, weight, splatted, counts, gradients, weights } = gathering;
  const [C, H] = layer.inputShape;
  const [O] = layer.outputShape;
  const [U, V] = layer.kernel;
  const mean = meetings(layer).flat().length / H;
  return loopNest(name, (b) => {
    for (const cs of tilesOf(C, FILTERS_TOGETHER)) {
      // one channel: two windows more instead
      for (const qs of cellTiles(layer, 4 / cs.size)) {
        b.loop("p", H, (p) =>
          b.loop("c", cs.count, (c) =>
            b.loop("q", qs.count, (q) => {
              const sums = Array.from({ length: qs.size }, () => grid(b, cs.size, 2, () => constant(0)));
              b.loop("k", { table: at(counts, 0, [p, 1]), mean }, (k) => {
                const column = qs.first - reach(layer) + qs.columns.first * layer.dilation[1];
                const first = b.point(
                  at(dy.buffer, dy.start + column * BLOCK, [q, qs.size * BLOCK]),
                  at(gradients, 0, [p, U], [k, 1]),
                );
                const row = b.point(firstWeight(cs, c), at(weights, 0, [p, U], [k, 1]));
                b.loop("o", O, (o) =>
                  addColumns(b, sums, {
                    columns: qs.columns.end - qs.columns.first,
                    stride: 1,
                    dilation: layer.dilation[1],
                    pixelAt: (column, half) => from(dy.buffer, first, column * BLOCK + half, [o, dy.plane]),
                    weightAt: (channel, column) => {
                      const v = qs.columns.first + column;
                      if (!splatted)
                        return splat(from(weight, row, channel * U * V + V - 1 - v, [o, C * U * V]));
                      const place = 4 * (v * FILTERS_TOGETHER + channel);
                      return load(from(splatted, row, place, [o, V * 4 * FILTERS_TOGETHER]));
                    },
                  }),
                );
              });
              storeSums(b, sums, (column, channel, half, sum) => [
                at(
                  dx.buffer,
                  dx.start + (cs.first + channel) * dx.plane + (qs.first + column) * BLOCK + half,
                  [c, cs.size * dx.plane],
                  [p, dx.row],
                  [q, qs.size * BLOCK],
                ),
                sum,
              ]);
            }),
          ),
        );
      }
    }
  });

  function firstWeight(cs: FilterTile, c: Index) {
    if (splatted === undefined) return at(weight, cs.first * U * V, [c, cs.size * U * V]);
    const tile = U * O * V * 4 * FILTERS_TOGETHER;
    return at(splatted, (cs.first / FILTERS_TOGETHER) * tile, [c, tile]);
  }
}
