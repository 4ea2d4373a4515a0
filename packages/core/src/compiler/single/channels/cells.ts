import { at, type Buffer, type Index, type LoopNest, load, loopNest, splat } from "../../../ir/ir.js";
import { type Concat, firstChannels } from "../../../layers/concat.js";
import type { ImageShape, Shape } from "../../../tensor.js";
import { BLOCK, HALVES, tilesOf, type View } from "../../block.js";
import type { Border } from "../../memory.js";
import { type Rows, rowAt } from "../rows.js";

/*
 * How the numbers of one image lie in cells of eight: channel c is number c mod 8 of the cells in plane c div 8. A row of
 * numbers is an image of one pixel. What is left over in the last plane may be anything: no kernel adds up what lies side by
 * side in a cell.
 */

/** How many cells so many numbers fill. */
export const cellsFor = (numbers: number) => Math.ceil(numbers / BLOCK);

/** How many planes, rows and columns of cells a tensor takes. */
export function cellsOf(shape: Shape): ImageShape {
  const [channels, height = 1, width = 1] = shape;
  return [cellsFor(channels), height, width];
}

/** How far a channel's numbers lie from those of the first one. */
export const distanceOf = ({ plane }: View, channel: number) =>
  Math.floor(channel / BLOCK) * plane + (channel % BLOCK);

/** Where a convolution finds its input: in cells, or channel by channel. Its first window begins at `windowStart`. */
export interface Source {
  readonly buffer: Buffer;
  readonly windowStart: number;
  readonly row: number;
  /** How far the next number of a row lies. */
  readonly column: number;
  /** How far a channel's numbers lie from those of the first one. */
  distanceOf(channel: number): number;
}

export const inCells = (view: View): Source => ({
  ...view,
  column: BLOCK,
  distanceOf: (channel) => distanceOf(view, channel),
});

export const byChannels = (rows: Rows, [top, , , left]: Border): Source => ({
  ...rows,
  windowStart: rows.start - top * rows.row - left,
  column: 1,
  distanceOf: (channel) => channel * rows.plane,
});

/** Numbers of channels, and where each is stored. */
interface Copy {
  /** Counts planes, and channels of these. */
  readonly planes: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  from(plane: Index, channel: Index, p: Index, q: Index): ReturnType<typeof at>;
  to(plane: Index, channel: Index, p: Index, q: Index): ReturnType<typeof at>;
}

function copies(name: string, all: readonly Copy[]): LoopNest {
  return loopNest(name, (b) => {
    for (const { planes, channels, height, width, from, to } of all) {
      b.loop("c", planes, (c) =>
        b.loop("lane", channels, (lane) =>
          b.loop("p", height, (p) =>
            b.loop("q", width, (q) => b.storeLane(to(c, lane, p, q), splat(from(c, lane, p, q)))),
          ),
        ),
      );
    }
  });
}

/** From channels one after the other into cells. */
export function intoCells(name: string, x: Rows, y: View): LoopNest {
  const [C, height, width] = x.shape;
  const all = tilesOf(C, BLOCK).map(({ first, count, size }): Copy => {
    const place = (first / BLOCK) * y.plane;
    return {
      ...{ planes: count, channels: size, height, width },
      from: (c, lane, p, q) =>
        rowAt(x, [first, 0, 0], [c, BLOCK * x.plane], [lane, x.plane], [p, x.row], [q, 1]),
      to: (c, lane, p, q) => at(y.buffer, y.start + place, [c, y.plane], [lane, 1], [p, y.row], [q, BLOCK]),
    };
  });
  return copies(name, all);
}

/** From an image of so many channels to a row of numbers. */
export function flatten(name: string, [C, height, width]: ImageShape, x: View, y: View): LoopNest {
  const area = height * width;
  const all = tilesOf(C, BLOCK).map(({ first, count, size }): Copy => {
    const place = (first / BLOCK) * x.plane;
    return {
      ...{ planes: count, channels: size, height, width },
      from: (c, lane, p, q) => at(x.buffer, x.start + place, [c, x.plane], [lane, 1], [p, x.row], [q, BLOCK]),
      to: (c, lane, p, q) =>
        at(y.buffer, y.start + first * area, [c, BLOCK * area], [lane, area], [p, width], [q, 1]),
    };
  });
  return copies(name, all);
}

/** Several images, their channels one after the other. */
export function concatenate(
  name: string,
  { inputShapes }: Concat,
  inputs: readonly View[],
  y: View,
): LoopNest[] {
  return inputs.map((x, k) => {
    const first = firstChannels(inputShapes)[k];
    const [channels] = inputShapes[k];
    const input = `${name}${k === 0 ? "" : k + 1}`;
    return first % BLOCK === 0
      ? copyCells(input, x, y, (first / BLOCK) * y.plane)
      : copyChannels(input, channels, x, y, first);
  });
}

/** Whole cells. What the last ones have too much, the images behind this one overwrite. */
function copyCells(name: string, x: View, y: View, place: number): LoopNest {
  const [planes, height, width] = x.shape;
  return loopNest(name, (b) =>
    b.loop("c", planes, (c) =>
      b.loop("p", height, (p) =>
        b.loop("q", width, (q) => {
          for (const half of HALVES) {
            const cell = (view: View, start: number) =>
              at(view.buffer, start + half, [c, view.plane], [p, view.row], [q, BLOCK]);
            b.store(cell(y, y.start + place), load(cell(x, x.start)));
          }
        }),
      ),
    ),
  );
}

/** Channel by channel, each to another place of its cell. */
function copyChannels(name: string, channels: number, x: View, y: View, first: number): LoopNest {
  const [, height, width] = x.shape;
  const all = Array.from({ length: Math.min(channels, BLOCK) }, (_, lane): Copy => {
    const place = (view: View, channel: number) => view.start + distanceOf(view, channel);
    return {
      ...{ planes: cellsFor(channels - lane), channels: 1, height, width },
      from: (c, _lane, p, q) => at(x.buffer, place(x, lane), [c, x.plane], [p, x.row], [q, BLOCK]),
      to: (c, _lane, p, q) => at(y.buffer, place(y, first + lane), [c, y.plane], [p, y.row], [q, BLOCK]),
    };
  });
  return copies(name, all);
}
