import type { Buffer, LoopNest } from "../../ir/ir.js";
import type { Dense } from "../../layers/dense.js";
import type { View } from "../block.js";
import { type Factor, isLarge, partsOfProduct, type Sizes, tiledProduct } from "./tiledProduct.js";

/*
 * Large dense layers as products of matrices in tiles. Weights are `[output][input]`; inputs, outputs and their gradients are
 * `[input or output][image]`.
 */

/** The products of a dense layer that are tiled. */
export interface Tiled {
  readonly forward: boolean;
  readonly weightGradients: boolean;
  readonly inputGradient: boolean;
}

/** Those that are large, where rows of weights are whole vectors. @param vectors how many each cell of the batch has */
export function tiledOf(layer: Dense, vectors: number): Tiled {
  const { forward, weightGradients, inputGradient } = sizesOf(layer, vectors);
  const wholes = layer.inputShape[0] % 4 === 0;
  return {
    forward: wholes && isLarge(forward, { splits: true }),
    weightGradients: wholes && isLarge(weightGradients, { splits: false }),
    inputGradient: wholes && isLarge(inputGradient, { splits: false }),
  };
}

function sizesOf({ inputShape: [K], outputShape: [O] }: Dense, vectors: number): Record<keyof Tiled, Sizes> {
  const images = 4 * vectors;
  return {
    forward: { rows: O, columns: images, summed: K },
    weightGradients: { rows: O, columns: K, summed: images },
    inputGradient: { rows: K, columns: images, summed: O },
  };
}

/** How many parts of the inputs are summed by themselves. */
export const tiledParts = (layer: Dense, vectors: number): number =>
  partsOfProduct(sizesOf(layer, vectors).forward);

/**
 * W x, without bias.
 * @param x, partial of the whole batch; partial: cells `[part][output]`, of as many parts as `tiledParts` says
 */
export function multiplyTiled(
  name: string,
  layer: Dense,
  x: View,
  weight: Buffer,
  partial: Buffer,
  vectors: number,
): LoopNest {
  const [[K], [O]] = [layer.inputShape, layer.outputShape];
  const { forward } = sizesOf(layer, vectors);
  const row = 4 * vectors;
  return tiledProduct(
    name,
    forward,
    { buffer: weight, start: 0, across: K, along: 1 },
    imagesAcross(x),
    { buffer: partial, start: 0, row, part: O * row },
    tiledParts(layer, vectors),
  );
}

/** dx = Wᵀ dy. @param dy, dx of the whole batch */
export function multiplyInputGradientTiled(
  name: string,
  layer: Dense,
  dy: View,
  weight: Buffer,
  dx: View,
  vectors: number,
): LoopNest {
  const [K] = layer.inputShape;
  return tiledProduct(
    name,
    sizesOf(layer, vectors).inputGradient,
    { buffer: weight, start: 0, across: 1, along: K },
    imagesAcross(dy),
    { buffer: dx.buffer, start: dx.start, row: dx.plane, part: 0 },
  );
}

/** dW = dy xᵀ, the sums over all images. @param x, dy of the whole batch */
export function multiplyWeightGradientsTiled(
  name: string,
  layer: Dense,
  x: View,
  dy: View,
  weightGradient: Buffer,
  vectors: number,
): LoopNest {
  const [K] = layer.inputShape;
  return tiledProduct(name, sizesOf(layer, vectors).weightGradients, imagesAlong(dy), imagesAlong(x), {
    buffer: weightGradient,
    start: 0,
    row: K,
    part: 0,
  });
}

const imagesAcross = ({ buffer, start, plane }: View): Factor => ({ buffer, start, across: 1, along: plane });

const imagesAlong = ({ buffer, start, plane }: View): Factor => ({ buffer, start, across: plane, along: 1 });
