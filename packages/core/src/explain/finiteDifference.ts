import { type Cell, checkCell, indexAt, offsetOf } from "../cell.js";
import { InputError } from "../errors.js";
import type { Model, ModelLayer } from "../graph/model.js";
import { softmaxCrossEntropy } from "../losses/softmaxCrossEntropy.js";
import { contractName } from "../reference/names.js";
import { forward, type Trace } from "../reference/trace.js";
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
 * and the rounding of the loss, which grows as 1 / step. In float64 they meet near 2^-17, at about 1e-10. The others are
 * for numbers that have a kink so near.
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

/** As finiteDifference, for many cells of one trace: the network as it stands is run once for all. */
export function finiteDifferences(step: Trace): (cell: Cell) => FiniteDifference {
  const { model, labels } = step;
  const tensors = inFloat64(step);
  const inputOf = (index: number) => tensors[index === 0 ? "x" : `${model.layers[index - 1].name}.out`];
  const branches = model.layers.map((layer, index) => branchesOf(layer, inputOf(index)));

  return (cell) => {
    const name = contractName(model, cell.tensor).replace(/^grad\./, "");
    const first = firstLayerAfter(model, name);
    const moved: Cell = { tensor: name, index: cell.index };
    const { shape, data } = tensors[name];
    checkCell(moved, tensors[name]);
    const rest: Model = { ...model, layers: model.layers.slice(first) };
    const run = () => {
      const outputs = forward(rest, tensors, inputOf(first));
      const inputs = [inputOf(first), ...Object.values(outputs)];
      const changed = changedUnit(rest.layers, inputs, branches.slice(first));
      return { value: softmaxCrossEntropy(inputs[rest.layers.length], labels), changed };
    };
    const offset = offsetOf(shape, cell.index);
    const gradient = step.tensors[`grad.${name}`]?.data[offset];
    return {
      moved,
      ...measureSlope(data as Float64Array, offset, STEPS, run),
      ...(gradient !== undefined && { gradient }),
    };
  };
}

/** `x`, the parameters and the outputs in memory of their own, in float64. */
function inFloat64({ model, tensors }: Trace): NamedTensors {
  const names = ["x", ...model.parameters.map(({ fullName }) => fullName)];
  const given = copyAll(Object.fromEntries(names.map((name) => [name, tensors[name]])), "float64");
  return { ...given, ...forward(model, given, given.x) };
}

/** The number of the first layer that a tensor goes into. */
function firstLayerAfter(model: Model, name: string): number {
  if (name === "x") return 0;
  const after = model.layers.findIndex((layer) => name === `${layer.name}.out`);
  if (after >= 0) return after + 1;
  const owner = model.layers.findIndex((layer) => layer.parameters.some(({ fullName }) => fullName === name));
  if (owner >= 0) return owner;
  throw new InputError(
    `A finite difference moves x, a parameter or the output of a layer, such as ${model.layers[0].name}.out, not ${name}.`,
  );
}

/** Which way each output cell of a layer is made, if the layer has kinks. */
export function branchesOf(layer: ModelLayer, x: Tensor): Uint32Array | undefined {
  return layer.kind.branches?.(layer.resolved, x);
}

/** The first output cell that is made in another way than `before`. */
export function changedUnit(
  layers: readonly ModelLayer[],
  inputs: readonly Tensor[],
  before: readonly (Uint32Array | undefined)[],
): Cell | undefined {
  for (const [index, layer] of layers.entries()) {
    const now = branchesOf(layer, inputs[index]);
    const at = now?.findIndex((branch, k) => branch !== before[index]?.[k]) ?? -1;
    if (at >= 0) {
      const shape = [inputs[index].shape[0], ...layer.outputShape];
      return { tensor: `${layer.name}.out`, index: indexAt(shape, at) };
    }
  }
  return undefined;
}
