import { at, type Buffer, constant, type LoopNest, load, loopNest, splat } from "../../../ir/ir.js";
import { known } from "../../../known.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { accumulate, BLOCK, grid, HALVES, type View } from "../../block.js";
import { addBiasGradient } from "../conv2dParameterGradients.js";
import { forEachTileGroup, LINE, POSITIONS, type Scratch, tileCount, winogradPays } from "./scratch.js";
import {
  cellsOf,
  inputMatrices,
  type TileCells,
  transformInputs,
  transformOutputGradients,
  transformWeightGradients,
  transposeInputs,
  weightGradientMatrices,
} from "./steps.js";

/*
 * The gradient of many weights, over a whole batch at once. Block by block, each block would go through 36 / 9 as many sums as
 * there are weights, for the sake of some tiles, and transform them back. Instead every block leaves its transformed tiles, and
 * when all blocks are done the sums are made in registers, position by position, and transformed once.
 */

/** What a block leaves, its own or the first one's: transformed inputs and outputs' gradients. */
export interface TileStash {
  /** `[POSITIONS, C / BLOCK, tiles * BLOCK, BLOCK]`, channels innermost. */
  readonly tileInputs: Buffer;
  /** `[POSITIONS, O, tiles * BLOCK]` */
  readonly tileGradients: Buffer;
}

/**
 * A block saves going through the sums of each pair of a channel and a filter, and pays for writing each channel's and filter's tiles,
 * which are read again. To pay, there must be so many pairs for each of these tiles.
 */
const PAIRS_FOR_A_TILE = 2;

/** With more tiles, what is done once for each block is little beside what is done for each tile. */
const MOST_TILES = 8;

/** All blocks of a batch leave no more than this for a layer, in float32 numbers: 64 MiB. */
const LARGEST_STASH = 2 ** 24;

/** Whether the gradient of a convolution's weights is computed for whole batches of so many blocks, where Winograd's method is allowed. */
export function winogradBatchPays(layer: Conv2d, blocks: number): boolean {
  const [[C], [O]] = [layer.inputShape, layer.outputShape];
  const tiles = tileCount(layer);
  if (!winogradPays(layer) || tiles > MOST_TILES) return false;
  if (C * O < PAIRS_FOR_A_TILE * tiles * (C + O)) return false;
  const { tileInputs, tileGradients } = stashSizes(layer);
  return blocks * (tileInputs + tileGradients) <= LARGEST_STASH;
}

const inputStretch = (layer: Conv2d) => tileCount(layer) * BLOCK * layer.inputShape[0] + LINE;
const gradientStretch = (layer: Conv2d) => layer.outputShape[0] * tileCount(layer) * BLOCK + LINE;

/** The sizes of what a block leaves, in float32 numbers. */
export const stashSizes = (layer: Conv2d) => ({
  tileInputs: POSITIONS * inputStretch(layer),
  tileGradients: POSITIONS * gradientStretch(layer),
});

/** Leaves a block's transformed tiles in `stash`; adds the block's share to the gradient of the bias. */
export function stashTiles(
  name: string,
  layer: Conv2d,
  x: View,
  dy: View,
  biasGradient: Buffer | undefined,
  stash: TileStash,
  scratch: Scratch,
): LoopNest {
  const row = tileCount(layer) * BLOCK;
  const gradients: TileCells = (group, position, plane, tile, half) =>
    group.numberOf(
      stash.tileGradients,
      position * gradientStretch(layer),
      BLOCK,
      tile,
      [plane, row],
      [half, HALVES[1]],
    );
  return loopNest(name, (b) => {
    forEachTileGroup(b, layer, (group) => {
      transformInputs(b, x, group, cellsOf(inputMatrices(scratch, layer)), scratch);
      transposeInputs(b, layer, group, scratch, (position, column, image, cell, first) =>
        group.numberOf(
          stash.tileInputs,
          image * BLOCK + first,
          BLOCK * BLOCK,
          { row: undefined, column },
          [position, inputStretch(layer)],
          [cell, row * BLOCK],
        ),
      );
      transformOutputGradients(b, dy, group, gradients, scratch);
    });
    if (biasGradient) addBiasGradient(b, dy, biasGradient);
  });
}

/** How a layer's filters are split into chunks that threads take: how many, and what each is further than the one before. */
export function tileChunks(layer: Conv2d) {
  const [[C], [O]] = [layer.inputShape, layer.outputShape];
  const filters = known([16, 8, 4].find((size) => O % size === 0));
  return {
    filters,
    count: O / filters,
    /** In the outputs' gradients, in bytes. */
    blockBytes: filters * tileCount(layer) * BLOCK * 4,
    /** In the gradients of weights, in bytes. */
    weightBytes: filters * C * 9 * 4,
  };
}

/** What a thread needs for a chunk, in float32 numbers: its sums, `[POSITIONS, filters, C]`, and a tile between two transforms. */
export const chunkScratch = (layer: Conv2d) => ({
  products: POSITIONS * tileChunks(layer).filters * layer.inputShape[0],
  tile: POSITIONS * 4,
});

/**
 * The gradients of the weights of one chunk of the filters. Its parameters: the workspace, how far on the chunk is in the
 * gradients and in the stash, and how many blocks there are.
 * @param stride how far the next block's stash lies from one's own, in float32 numbers
 */
export function multiplyTiles(
  name: string,
  layer: Conv2d,
  stash: TileStash,
  stride: number,
  weightGradient: Buffer,
  { products, tile }: Readonly<Record<keyof ReturnType<typeof chunkScratch>, Buffer>>,
): LoopNest {
  const [C] = layer.inputShape;
  const { filters } = tileChunks(layer);
  const tiles = tileCount(layer);
  const inputs: Buffer = { ...stash.tileInputs, region: "shared" };
  const gradients: Buffer = { ...stash.tileGradients, region: "block" };
  const out: Buffer = { ...weightGradient, region: "chunk" };
  const sumsOf = weightGradientMatrices(products, layer, filters);
  return loopNest(name, (b) => {
    b.loop("position", POSITIONS, (position) =>
      b.loop("cell", C / BLOCK, (cell) =>
        b.loop("row", filters / 4, (row) => {
          const sums = grid(b, 4, 2, () => constant(0));
          b.loop("block", "parameter", (block) =>
            b.loop("tile", tiles, (t) => {
              for (let n = 0; n < BLOCK; n++) {
                if (n > 0) b.fence();
                const x = HALVES.map((half) =>
                  b.variable(
                    load(
                      at(
                        inputs,
                        n * BLOCK + half,
                        [position, inputStretch(layer)],
                        [cell, tiles * BLOCK * BLOCK],
                        [block, stride],
                        [t, BLOCK * BLOCK],
                      ),
                    ),
                  ),
                );
                for (let r = 0; r < 4; r++) {
                  const g = b.variable(
                    splat(
                      at(
                        gradients,
                        r * tiles * BLOCK + n,
                        [position, gradientStretch(layer)],
                        [row, 4 * tiles * BLOCK],
                        [block, stride],
                        [t, BLOCK],
                      ),
                    ),
                  );
                  for (const half of [0, 1]) accumulate(sums[r][half], g, x[half]);
                }
              }
            }),
          );
          for (const [r, halves] of sums.entries()) {
            for (const [h, sum] of halves.entries()) {
              const place = at(
                products,
                r * sumsOf.row + HALVES[h],
                [position, sumsOf.position],
                [row, 4 * sumsOf.row],
                [cell, BLOCK],
              );
              b.store(place, sum);
            }
          }
        }),
      ),
    );
    transformWeightGradients(b, layer, filters, sumsOf, out, tile, false);
  });
}
