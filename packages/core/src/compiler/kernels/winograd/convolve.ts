import type { Conv2d } from "../../../layers/conv2d.js";
import { BLOCK, type View } from "../../block.js";
import { add, at, type Buffer, constant, type Nest, nest, pmax, splat } from "../../nest.js";
import { addBiasGradient } from "../conv2dParameterGradients.js";
import { multiplyMatrices } from "./matrices.js";
import { forEachTileGroup, POSITIONS, type Room } from "./room.js";
import {
  addInputGradients,
  addWeightGradients,
  inputMatrices,
  outputMatrices,
  transformInputs,
  transformOutputGradients,
  transformOutputs,
  transposedMatrices,
  transposeInputs,
  turned,
  weightGradientMatrices,
  weightMatrices,
} from "./steps.js";

/*
 * The same convolution as kernels/conv2d.ts with a quarter of the multiplications: tiles of inputs are transformed, at
 * each of their 36 positions the channels are summed (a product of matrices), and the sums are transformed into tiles of
 * outputs. Backward each step is done in reverse, so that these are the exact gradients of what was computed forward.
 */

/**
 * @param weights the transformed ones
 * @param relu whether the output is cut off at zero on the way
 */
export function convolveTiles(
  name: string,
  layer: Conv2d,
  x: View,
  weights: Buffer,
  bias: Buffer | undefined,
  y: View,
  relu: boolean,
  room: Room,
): Nest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  return nest(name, (b) =>
    forEachTileGroup(b, layer, (group) => {
      transformInputs(b, layer, x, group, room);
      multiplyMatrices(
        b,
        { rows: O, depth: C, cells: group.tiles, adds: false },
        turned(weightMatrices(weights, layer)),
        inputMatrices(room, layer),
        outputMatrices(room, layer),
      );
      transformOutputs(b, layer, y, group, room, (value, filter) => {
        const sum = bias ? add(value, splat(at(bias, 0, filter))) : value;
        return relu ? pmax(sum, constant(0)) : sum;
      });
    }),
  );
}

/** Each tile's gradient is added to the inputs that it came from; `dx` must be zero before. */
export function convolveTilesInputGradient(
  name: string,
  layer: Conv2d,
  dy: View,
  weights: Buffer,
  dx: View,
  room: Room,
): Nest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  return nest(name, (b) =>
    forEachTileGroup(b, layer, (group) => {
      transformOutputGradients(b, layer, dy, group, room);
      multiplyMatrices(
        b,
        { rows: C, depth: O, cells: group.tiles, adds: false },
        weightMatrices(weights, layer),
        outputMatrices(room, layer),
        inputMatrices(room, layer),
      );
      addInputGradients(b, layer, dx, group, room);
    }),
  );
}

/** Adds the block's share to the gradients of weight and bias in the slot. */
export function convolveTilesParameterGradients(
  name: string,
  layer: Conv2d,
  x: View,
  dy: View,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
  room: Room,
): Nest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  return nest(name, (b) => {
    b.loop("k", (POSITIONS * O * C) / 4, (k) => b.store(at(room.weightGradients, 0, [k, 4]), constant(0)));
    forEachTileGroup(b, layer, (group) => {
      transformInputs(b, layer, x, group, room);
      transposeInputs(b, layer, group, room);
      transformOutputGradients(b, layer, dy, group, room);
      multiplyMatrices(
        b,
        { rows: O, depth: group.tiles * BLOCK, cells: C / BLOCK, adds: true },
        outputMatrices(room, layer),
        transposedMatrices(room, layer),
        weightGradientMatrices(room, layer),
      );
    });
    addWeightGradients(b, layer, weightGradient, room);
    if (biasGradient) addBiasGradient(b, dy, biasGradient);
  });
}
