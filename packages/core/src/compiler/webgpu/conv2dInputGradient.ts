import {
  at,
  type Buffer,
  constant,
  type LoopNest,
  load,
  loopNest,
  splat,
  type Variable,
} from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, grid, tilesOf, type View } from "../block.js";
import type { Border } from "../memory.js";
import { forEachHalf, nested, tileFor } from "./tiles.js";

/** Those of a kernel's rows (or columns) that meet input rows p = phase + stride * a, and in which output row: a + `offset`. */
export function taps(size: number, dilation: number, stride: number, padding: number, phase: number) {
  return Array.from({ length: size }, (_, u) => ({
    u,
    offset: (phase + padding - u * dilation) / stride,
  })).filter(({ offset }) => Number.isInteger(offset));
}

/** The zeros around the gradients of the outputs that `convolveInputGradient` reads. */
export function borderOfGradients(layer: Conv2d): Border {
  const [top, bottom] = reach(layer, 0);
  const [left, right] = reach(layer, 1);
  return [top, right, bottom, left];
}

function reach({ inputShape, outputShape, kernel, stride, dilation, padding }: Conv2d, axis: 0 | 1) {
  const length = inputShape[axis + 1];
  const outputs = outputShape[axis + 1];
  let before = 0;
  let behind = 0;
  for (let phase = 0; phase < Math.min(stride[axis], length); phase++) {
    const last = Math.ceil((length - phase) / stride[axis]) - 1;
    for (const { offset } of taps(
      kernel[axis],
      dilation[axis],
      stride[axis],
      padding[axis === 0 ? 0 : 3],
      phase,
    )) {
      before = Math.max(before, -offset);
      behind = Math.max(behind, last + offset - (outputs - 1));
    }
  }
  return [before, behind];
}

/**
 * Each input cell gathers what came back from the outputs that it went into. With strides, cells of the same remainder meet
 * the same part of the kernel, and are computed together. `dy` must have `borderOfGradients` of zeros around it.
 */
export function convolveInputGradient(
  name: string,
  layer: Conv2d,
  dy: View,
  weight: Buffer,
  dx: View,
  vectors: number,
): LoopNest {
  const { groups } = layer;
  const C = layer.inputShape[0] / groups;
  const [, H, W] = layer.inputShape;
  const O = layer.outputShape[0] / groups;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const tile = tileFor(layer, C, Math.ceil(W / strideX), H * strideX * groups, vectors);
  return loopNest(name, (b) => {
    for (let phaseY = 0; phaseY < Math.min(strideY, H); phaseY++) {
      const rows = taps(U, layer.dilation[0], strideY, layer.padding[0], phaseY);
      for (let phaseX = 0; phaseX < Math.min(strideX, W); phaseX++) {
        const columns = taps(V, layer.dilation[1], strideX, layer.padding[3], phaseX);
        for (const cs of tilesOf(C, tile.filters)) {
          for (const qs of tilesOf(Math.ceil((W - phaseX) / strideX), tile.columns)) {
            const P = Math.ceil((H - phaseY) / strideY);
            nested(
              b,
              [
                ["g", groups],
                ["p", P],
                ["q", qs.count],
                ["c", cs.count],
              ],
              ([g, p, q, c]) =>
                forEachHalf(b, (half) => {
                  const sums = grid(b, cs.size, qs.size, () => constant(0));
                  b.loop("o", O, (o) => {
                    for (const { u, offset } of rows) {
                      const pixels = new Map<number, Variable>();
                      for (const column of columns) {
                        const met = sums[0].map((_, k) => {
                          const j = k + column.offset;
                          const place = dy.start + offset * dy.row + (qs.first + j) * BLOCK;
                          const pixel =
                            pixels.get(j) ??
                            b.variable(
                              load(
                                at(
                                  dy.buffer,
                                  place,
                                  ...([
                                    [g, O * dy.plane],
                                    [o, dy.plane],
                                    [p, dy.row],
                                  ] as const),
                                  ...([
                                    [q, qs.size * BLOCK],
                                    [half, 4],
                                  ] as const),
                                ),
                              ),
                            );
                          pixels.set(j, pixel);
                          return pixel;
                        });
                        for (const [row, sumsOfRow] of sums.entries()) {
                          const w = b.variable(
                            splat(
                              at(
                                weight,
                                (cs.first + row) * U * V + u * V + column.u,
                                ...([
                                  [g, O * C * U * V],
                                  [o, C * U * V],
                                  [c, cs.size * U * V],
                                ] as const),
                              ),
                            ),
                          );
                          for (const [k, sum] of sumsOfRow.entries()) accumulate(sum, w, met[k]);
                        }
                      }
                    }
                  });
                  for (const [row, sumsOfRow] of sums.entries()) {
                    for (const [k, sum] of sumsOfRow.entries()) {
                      const first =
                        (cs.first + row) * dx.plane +
                        phaseY * dx.row +
                        (phaseX + (qs.first + k) * strideX) * BLOCK;
                      b.store(
                        at(
                          dx.buffer,
                          dx.start + first,
                          ...([
                            [g, C * dx.plane],
                            [c, cs.size * dx.plane],
                            [p, strideY * dx.row],
                          ] as const),
                          ...([
                            [q, qs.size * strideX * BLOCK],
                            [half, 4],
                          ] as const),
                        ),
                        sum,
                      );
                    }
                  }
                }),
            );
          }
        }
      }
    }
  });
}
