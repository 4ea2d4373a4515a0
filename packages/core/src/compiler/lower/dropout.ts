import {
  at,
  binary,
  constant,
  type Expression,
  integer,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  mul,
  shift,
  type Variable,
} from "../../ir/ir.js";
import type { Dropout } from "../../layers/dropout.js";
import { dropsBelow, MASK_BITS, stretchOf } from "../../layers/dropoutMask.js";
import { CELL_STEP, MIX } from "../../mix.js";
import { BLOCK, HALVES, type View } from "../block.js";
import { mapCells } from "./elementwise.js";
import type { Lowering, Node } from "./lowering.js";

/*
 * The masks of a block, from the keys of its images and the cells' numbers: the hash of layers/dropoutMask.ts, four images at a time.
 * Backward it is computed again, which is cheaper than to keep it.
 */
export const dropoutLowering: Lowering<Dropout> = {
  threadMemory: () => ({ keys: BLOCK }),
  drawsMask: true,
  eachChannel: true, // in inference, where it draws nothing

  forward: ({ x, y, ...node }) =>
    node.training
      ? [mask(`${node.layer.name}.forward`, node, x, y)]
      : [mapCells(`${node.layer.name}.forward`, [x], y, ([number]) => number)],

  backward: ({ dx, dy, ...node }) => (dx ? [mask(`${node.layer.name}.inputGradient`, node, dy, dx)] : []),
};

function mask(name: string, { resolved, memory }: Node<Dropout>, from: View, to: View): LoopNest {
  const [C, H, W] = from.shape;
  const { rate } = resolved;
  // the hash's first bits behind the exponent of 1: a number in [1, 2)
  const limit = constant(1 + dropsBelow(rate) / 2 ** MASK_BITS);
  return loopNest(name, (b) => {
    // key + cell * CELL_STEP, for both halves of a cell
    const places = HALVES.map((half) => b.variable(load(at(memory.keys, half))));
    b.loop("c", C, (c) =>
      b.loop("p", H, (p) =>
        b.loop("q", W, (q) => {
          for (const [h, half] of HALVES.entries()) {
            const cellOf = (view: View) =>
              at(view.buffer, view.start + half, [c, view.plane], [p, view.row], [q, BLOCK]);
            const hash = mix(b, places[h]);
            const share = binary("xor", shift("right", 32 - MASK_BITS, hash), integer(ONE));
            const kept = mul(load(cellOf(from)), constant(stretchOf(rate)));
            b.store(cellOf(to), binary("andnot", kept, binary("gt", limit, share)));
            places[h].set(binary("addInteger", places[h], integer(CELL_STEP | 0)));
          }
        }),
      ),
    );
  });
}

/** The bits of the float32 number 1. */
const ONE = 0x3f800000;

function mix(b: LoopNestBuilder, place: Expression): Variable {
  const [first, second, third] = MIX.shifts;
  const fold = (h: Variable, by: number) => binary("xor", h, shift("right", by, h));
  const h = b.variable(place);
  h.set(binary("mulInteger", fold(h, first), integer(MIX.factors[0] | 0)));
  h.set(binary("mulInteger", fold(h, second), integer(MIX.factors[1] | 0)));
  h.set(fold(h, third));
  return h;
}
