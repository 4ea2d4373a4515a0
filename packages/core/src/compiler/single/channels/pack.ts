import { at, type Buffer, type LoopNest, loopNest, splat } from "../../../ir/ir.js";
import { BLOCK, tilesOf } from "../../block.js";
import { cellsFor } from "./cells.js";

/* Parameters in the order in which the kernels of one image read them: those of eight filters side by side. */

/** What a parameter `[groups, filters, depth]` is packed as: `[groups, cells of filters, depth]`. */
export interface Packing {
  readonly groups: number;
  /** In a group. */
  readonly filters: number;
  readonly depth: number;
}

/** How many numbers that takes. */
export const packedSize = ({ groups, filters, depth }: Packing) => groups * groupSize({ filters, depth });

/** How far the next group's lie. */
export const groupSize = ({ filters, depth }: Omit<Packing, "groups">) => cellsFor(filters) * BLOCK * depth;

/** Once for all images. The memory is zero where the last cell of a group has more numbers than there are filters. */
export function pack(
  name: string,
  { groups, filters, depth }: Packing,
  parameter: Buffer,
  packed: Buffer,
): LoopNest {
  const size = groupSize({ filters, depth });
  return loopNest(name, (b) =>
    b.loop("g", groups, (g) => {
      for (const { first, count, size: lanes } of tilesOf(filters, BLOCK)) {
        b.loop("o", count, (o) =>
          b.loop("lane", lanes, (lane) =>
            b.loop("k", depth, (k) =>
              b.storeLane(
                at(packed, first * depth, [g, size], [o, BLOCK * depth], [lane, 1], [k, BLOCK]),
                splat(
                  at(
                    parameter,
                    first * depth,
                    [g, filters * depth],
                    [o, BLOCK * depth],
                    [lane, depth],
                    [k, 1],
                  ),
                ),
              ),
            ),
          ),
        );
      }
    }),
  );
}
