import {
  at,
  type Buffer,
  constant,
  type LoopNest,
  load,
  loopNest,
  madd,
  mul,
  pmax,
  splat,
  sub,
} from "../../../ir/ir.js";
import type { BatchNorm } from "../../../layers/batchStatistics.js";
import { BLOCK, forEachCell, type View } from "../../block.js";

/* Batch normalisation of one image, as kernels/batchNorm.ts: the channels of a cell have numbers of their own. */

/** Whole cells of what channels are normalised by. */
export interface Normaliser {
  readonly mean: Buffer;
  readonly factor: Buffer;
  readonly shift: Buffer;
}

/** Of `factor`, which is 1 / deviation, and of the parameters. */
export function prepareNormaliser(
  name: string,
  { channels }: BatchNorm,
  weight: Buffer,
  bias: Buffer,
  { factor, shift }: Normaliser,
): LoopNest {
  return loopNest(name, (b) =>
    b.loop("c", channels, (c) => {
      const own = (buffer: Buffer) => at(buffer, 0, [c, 1]);
      b.storeLane(own(factor), mul(splat(own(weight)), splat(own(factor))));
      b.storeLane(own(shift), splat(own(bias)));
    }),
  );
}

export function normalise(
  name: string,
  { mean, factor, shift }: Normaliser,
  x: View,
  y: View,
  relu: boolean,
): LoopNest {
  return loopNest(name, (b) =>
    forEachCell(b, y, (cellOf, c, half) => {
      const own = (buffer: Buffer) => load(at(buffer, half, [c, BLOCK]));
      const value = madd(sub(load(cellOf(x)), own(mean)), own(factor), own(shift));
      b.store(cellOf(y), relu ? pmax(value, constant(0)) : value);
    }),
  );
}
