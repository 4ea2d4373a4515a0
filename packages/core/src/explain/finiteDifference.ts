import { type Cell, checkCell, indexAt, offsetOf } from "../cell.js";
import { InputError } from "../errors.js";
import type { Model, ModelLayer } from "../graph/model.js";
import { tensorsOfModel } from "../graph/parameters.js";
import { meanLoss } from "../losses/loss.js";
import { contractName } from "../reference/names.js";
import { forward, forwardFrom, inputsOf, layersAfter, type Trace } from "../reference/trace.js";
import { copyAll, type NamedTensors, type Tensor } from "../tensor.js";
import { type Difference, measureSlope } from "./difference.js";

/** The slope of the loss along one number, measured. `above` and `below` are losses, `kink` is an output cell of a layer. */
export interface FiniteDifference extends Difference<Cell> {
  /** The number that was moved: a pixel, a parameter, or an output of a layer. */
  readonly moved: Cell;
  /** What the trace says that the slope is, if it has that gradient. */
  readonly gradient?: number;
}

/**
 * How far a number is moved. The error of a central difference has two parts: what the curve bends, which grows as step^2,
 * and the rounding of the loss, which grows as 1 / step. In float64 they meet near 2^-17, at about 1e-10. The smaller
 * steps are for numbers that have a kink nearby.
 */
const STEPS = [2 ** -17, 2 ** -21, 2 ** -25];

/**
 * Moves one number of a trace up and down, and looks how the loss changes: what its gradient should be. The network runs
 * in float64, whatever the trace is in.
 * @param cell of `x`, a parameter, a layer's output, or the gradient of one of these
 * @throws InputError if the loss isn't computed from such a number, or there is no such cell
 */
export function finiteDifference(step: Trace, cell: Cell): FiniteDifference {
  return finiteDifferences(step)(cell);
}

/**
 * As finiteDifference, for many cells of one trace: the network as it stands is run once for all. A step that was too long can
 * be given, and a shorter one is taken.
 */
export function finiteDifferences(step: Trace): (cell: Cell, below?: number) => FiniteDifference {
  const { model, labels } = step;
  const tensors = inFloat64(step);
  const branches = new Map(model.layers.map((layer) => [layer, branchesOf(layer, inputsOf(layer, tensors))]));

  return (cell, below) => {
    const name = contractName(model, cell.tensor).replace(/^grad\./, "");
    const after = layersAfter(model, name);
    if (after.length === 0 && name !== model.output) throw unmovable(model, name);
    const moved: Cell = { tensor: name, index: cell.index };
    const { shape, data } = tensors[name];
    checkCell(moved, tensors[name]);
    const run = () => {
      const now = { ...tensors, ...forwardFrom(model, tensors, name, step.circumstances) };
      let changed: Cell | undefined;
      for (const layer of after) changed ??= changedUnit(layer, inputsOf(layer, now), branches.get(layer));
      return { value: meanLoss(model.loss, now[model.output], labels), changed };
    };
    const offset = offsetOf(shape, cell.index);
    const gradient = step.tensors[`grad.${name}`]?.data[offset];
    return {
      moved,
      ...measureSlope(data as Float64Array, offset, STEPS, run, below),
      ...(gradient !== undefined && { gradient }),
    };
  };
}

/** `x`, the parameters and the outputs in memory of their own, in float64. */
function inFloat64({ model, tensors, circumstances }: Trace): NamedTensors {
  const names = ["x", ...tensorsOfModel(model).map(({ fullName }) => fullName)];
  const given = copyAll(Object.fromEntries(names.map((name) => [name, tensors[name]])), "float64");
  return { ...given, ...forward(model, given, given.x, circumstances) };
}

function unmovable({ layers: [first] }: Model, name: string): InputError {
  return new InputError(
    `A finite difference moves x, a parameter or the output of a layer, such as ${first.output}, not ${name}.`,
  );
}

/** Which way each output cell of a layer is made, if the layer has kinks. */
export function branchesOf(layer: ModelLayer, inputs: readonly Tensor[]): Uint32Array | undefined {
  return layer.kind.branches?.(layer.resolved, inputs);
}

/** The first output cell of a layer that is made in another way than `before`. */
export function changedUnit(
  layer: ModelLayer,
  inputs: readonly Tensor[],
  before: Uint32Array | undefined,
): Cell | undefined {
  const at = branchesOf(layer, inputs)?.findIndex((branch, k) => branch !== before?.[k]) ?? -1;
  if (at < 0) return undefined;
  return { tensor: layer.output, index: indexAt([inputs[0].shape[0], ...layer.outputShape], at) };
}
