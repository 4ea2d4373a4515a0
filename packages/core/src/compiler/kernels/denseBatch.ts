import {
  add,
  at,
  type Buffer,
  constant,
  type Expression,
  type LoopNest,
  load,
  loopNest,
  splat,
  unary,
} from "../../ir/ir.js";
import { known } from "../../known.js";
import type { Dense } from "../../layers/dense.js";
import { accumulate, BLOCK, grid, HALVES, transposed, type View } from "../block.js";

/*
 * The gradient of many weights, over a whole batch at once. Block by block, each block would read and write as many
 * numbers as there are weights, and each slot would hold so many. Instead every block leaves its inputs and the gradients
 * of its outputs, transposed, and when all blocks are done each weight's gradient is summed in a register.
 */

/** So many inputs lie together, image by image: `[K / PANEL, BLOCK, PANEL]`. */
const PANEL = 8;

/** What a block of images leaves for the end of the batch: its inputs in panels, then `[BLOCK, O]` gradients. */
export function stashSize({ inputShape: [K], outputShape: [O] }: Dense): number {
  return BLOCK * (K + O);
}

/** Below so many weights their gradients stay in the second-level cache. */
const FEWEST_WEIGHTS = 2 ** 15;

/** Whether a layer's weight gradient is computed for whole batches. */
export function batchPays({ inputShape: [K], outputShape: [O] }: Dense): boolean {
  return K * O >= FEWEST_WEIGHTS && K % PANEL === 0 && O % 4 === 0;
}

/** Leaves a block's inputs and gradients in `stash`; adds the block's share to the gradient of the bias. */
export function stashForBatch(
  name: string,
  { inputShape: [K], outputShape: [O] }: Dense,
  x: View,
  dy: View,
  biasGradient: Buffer | undefined,
  stash: Buffer,
): LoopNest {
  return loopNest(name, (b) => {
    b.loop("panel", K / PANEL, (panel) => {
      for (const first of [0, 4]) {
        for (const half of HALVES) {
          const rows = [0, 1, 2, 3].map((k) =>
            b.variable(load(at(x.buffer, x.start + (first + k) * BLOCK + half, [panel, PANEL * BLOCK]))),
          );
          for (const [image, inputs] of transposed(b, rows).entries()) {
            b.store(at(stash, (half + image) * PANEL + first, [panel, PANEL * BLOCK]), inputs);
          }
        }
      }
    });
    b.loop("o", O / 4, (o) => {
      for (const half of HALVES) {
        const rows = [0, 1, 2, 3].map((row) =>
          b.variable(load(at(dy.buffer, dy.start + row * BLOCK + half, [o, 4 * BLOCK]))),
        );
        for (const [image, gradients] of transposed(b, rows).entries()) {
          b.store(at(stash, K * BLOCK + (half + image) * O, [o, 4]), gradients);
        }
      }
    });
    if (biasGradient === undefined) return;
    b.loop("o", O, (o) => {
      const [g0, g1] = HALVES.map((half) => load(at(dy.buffer, dy.start + half, [o, BLOCK])));
      const place = at(biasGradient, 0, [o, 1]);
      b.storeLane(place, add(splat(place), unary("sumLanes", add(g0, g1))));
    });
  });
}

/** How a layer's inputs are split into chunks that threads take: how many, and what each is further than the one before. */
export function batchChunks({ inputShape: [K] }: Dense) {
  const panels = K / PANEL;
  const together = known([8, 4, 2, 1].find((size) => panels % size === 0));
  return {
    together,
    count: panels / together,
    /** In `stash`, in bytes. */
    blockBytes: together * PANEL * BLOCK * 4,
    /** In a row of weights, in bytes. */
    weightBytes: together * PANEL * 4,
  };
}

/**
 * The gradients of the weights of one chunk of the inputs. Its parameters: how far on the chunk is in the gradients and
 * in the stash, and how many blocks there are.
 * @param stash the layer's part of the first block's
 * @param stride how far the next block's lies from it, in float32 numbers
 */
export function multiplyStash(
  name: string,
  layer: Dense,
  stash: Buffer,
  stride: number,
  weightGradient: Buffer,
): LoopNest {
  const {
    inputShape: [K],
    outputShape: [O],
  } = layer;
  const inputs: Buffer = { ...stash, region: "block" };
  const gradients: Buffer = { ...stash, region: "shared" };
  const out: Buffer = { ...weightGradient, region: "chunk" };
  return loopNest(name, (b) =>
    b.loop("o", O / 4, (o) =>
      b.loop("panel", batchChunks(layer).together, (panel) => {
        const sums = grid(b, 4, 2, () => constant(0));
        b.loop("block", "parameter", (block) => {
          for (let n = 0; n < BLOCK; n++) {
            if (n > 0) b.fence();
            const x = HALVES.map((half) =>
              b.variable(load(at(inputs, n * PANEL + half, [panel, PANEL * BLOCK], [block, stride]))),
            );
            const four = b.variable(load(at(gradients, K * BLOCK + n * O, [o, 4], [block, stride])));
            for (let row = 0; row < 4; row++) {
              const g = b.variable(lane(four, row));
              for (const half of [0, 1]) accumulate(sums[row][half], g, x[half]);
            }
          }
        });
        for (const [row, halves] of sums.entries()) {
          for (const [h, sum] of halves.entries()) {
            b.store(at(out, row * K + HALVES[h], [o, 4 * K], [panel, PANEL]), sum);
          }
        }
      }),
    ),
  );
}

/** One of a vector's numbers, four times. */
function lane(vector: Expression, number: number): Expression {
  return { kind: "shuffle", lanes: [number, number, number, number], a: vector, b: vector };
}
