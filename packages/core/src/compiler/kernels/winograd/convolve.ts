import { add, at, type Buffer, constant, type LoopNest, loopNest, pmax, splat } from "../../../ir/ir.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { BLOCK, type View } from "../../block.js";
import { addBiasGradient } from "../conv2dParameterGradients.js";
import { multiplyMatrices } from "./matrices.js";
import { forEachTileGroup, POSITIONS, type Scratch } from "./scratch.js";
import {
  addInputGradients,
  cellsOf,
  inputMatrices,
  outputMatrices,
  transformInputs,
  transformOutputGradients,
  transformOutputs,
  transformWeightGradients,
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
 * @param relu whether a ReLU is fused: the output is cut off at zero
 */
export function convolveWinograd(
  name: string,
  layer: Conv2d,
  x: View,
  weights: Buffer,
  bias: Buffer | undefined,
  y: View,
  relu: boolean,
  scratch: Scratch,
): LoopNest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  return loopNest(name, (b) =>
    forEachTileGroup(b, layer, (group) => {
      const inputs = inputMatrices(scratch, layer);
      const outputs = outputMatrices(scratch, layer);
      transformInputs(b, x, group, cellsOf(inputs), scratch);
      multiplyMatrices(
        b,
        { rows: O, depth: C, cells: group.tiles, adds: false },
        turned(weightMatrices(weights, layer)),
        inputs,
        outputs,
      );
      transformOutputs(b, y, group, cellsOf(outputs), scratch, (value, filter) => {
        const sum = bias ? add(value, splat(at(bias, 0, [filter, 1]))) : value;
        return relu ? pmax(sum, constant(0)) : sum;
      });
    }),
  );
}

/** Each tile's gradient is added to the inputs that it came from; `dx` must be zero before. */
export function convolveWinogradInputGradient(
  name: string,
  layer: Conv2d,
  dy: View,
  weights: Buffer,
  dx: View,
  scratch: Scratch,
): LoopNest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  return loopNest(name, (b) =>
    forEachTileGroup(b, layer, (group) => {
      transformOutputGradients(b, dy, group, cellsOf(outputMatrices(scratch, layer)), scratch);
      multiplyMatrices(
        b,
        { rows: C, depth: O, cells: group.tiles, adds: false },
        weightMatrices(weights, layer),
        outputMatrices(scratch, layer),
        inputMatrices(scratch, layer),
      );
      addInputGradients(b, layer, dx, group, scratch);
    }),
  );
}

/** Adds the block's share to the gradients of weight and bias in the slot. */
export function convolveWinogradParameterGradients(
  name: string,
  layer: Conv2d,
  x: View,
  dy: View,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
  scratch: Scratch,
): LoopNest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  const gradients = weightGradientMatrices(scratch.weightGradients, layer, O);
  const transposed = transposedMatrices(scratch, layer);
  return loopNest(name, (b) => {
    b.loop("k", (POSITIONS * O * C) / 4, (k) => b.store(at(scratch.weightGradients, 0, [k, 4]), constant(0)));
    forEachTileGroup(b, layer, (group) => {
      transformInputs(b, x, group, cellsOf(inputMatrices(scratch, layer)), scratch);
      transposeInputs(b, layer, group, scratch, (position, tile, image, cell, first) =>
        at(
          transposed.buffer,
          image * transposed.row + first,
          [position, transposed.position],
          [tile, BLOCK * transposed.row],
          [cell, BLOCK],
        ),
      );
      transformOutputGradients(b, dy, group, cellsOf(outputMatrices(scratch, layer)), scratch);
      multiplyMatrices(
        b,
        { rows: O, depth: group.tiles * BLOCK, cells: C / BLOCK, adds: true },
        outputMatrices(scratch, layer),
        transposed,
        gradients,
      );
    });
    transformWeightGradients(b, layer, O, gradients, weightGradient, scratch.tile, true);
    if (biasGradient) addBiasGradient(b, dy, biasGradient);
  });
}
