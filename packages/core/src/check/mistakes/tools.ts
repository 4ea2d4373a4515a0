import type { ResolvedLayer } from "../../layers/layer.js";
import { type NamedTensors, type Shape, sizeOf, type Tensor, zeros } from "../../tensor.js";
import { backTo, parametersOf } from "../layerSteps.js";
import type { NetworkLayer } from "../network.js";
import type { Run } from "../run.js";

import { mapped } from "../value.js";

/* What mistakes are made of. All tensors are in float64. */

export function scaled(t: Tensor, factor: number): Tensor {
  return mapped(t, (value) => value * factor);
}

/** Each value, with its index. */
export function mappedByIndex(t: Tensor, f: (value: number, index: readonly number[]) => number): Tensor {
  const index = new Array<number>(t.shape.length).fill(0);
  return mapped(t, (value) => {
    const result = f(value, index);
    for (let d = index.length - 1; d >= 0 && ++index[d] === t.shape[d]; d--) index[d] = 0;
    return result;
  });
}

/** The values at the indices that `keep` accepts; 0 elsewhere. */
export function only(t: Tensor, keep: (index: readonly number[]) => boolean): Tensor {
  return mappedByIndex(t, (value, index) => (keep(index) ? value : 0));
}

/** `f` says for each index of the result which index of `t` it takes. */
export function picked(t: Tensor, shape: Shape, f: (index: readonly number[]) => readonly number[]): Tensor {
  return mappedByIndex(zeros(shape, "float64"), (_, index) => {
    let place = 0;
    for (const [d, i] of f(index).entries()) place = place * t.shape[d] + i;
    return t.data[place];
  });
}

/** Kernels turned by 180 degrees. */
export function flipped(w: Tensor): Tensor {
  const [, , U, V] = w.shape;
  return picked(w, w.shape, ([o, c, u, v]) => [o, c, U - 1 - u, V - 1 - v]);
}

/** Kernels with rows and columns exchanged, if they are square. */
export function turned(w: Tensor): Tensor | undefined {
  const [, , U, V] = w.shape;
  return U === V && U > 1 ? picked(w, w.shape, ([o, c, u, v]) => [o, c, v, u]) : undefined;
}

export function transposed(w: Tensor): Tensor {
  const [rows, columns] = w.shape;
  return picked(w, [columns, rows], ([i, j]) => [j, i]);
}

/** The same numbers in memory, taken for another shape. */
export function reshaped({ data }: Tensor, shape: Shape): Tensor {
  return { shape, data };
}

/** The sum over some dimensions, which are gone from the result. */
export function summed(t: Tensor, axes: readonly number[]): Tensor {
  const kept = t.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const result = zeros(
    kept.map((d) => t.shape[d]),
    "float64",
  );
  mappedByIndex(t, (value, index) => {
    let place = 0;
    for (const d of kept) place = place * t.shape[d] + index[d];
    result.data[place] += value;
    return value;
  });
  return result;
}

export const zerosLike = ({ shape }: Tensor): Tensor => zeros(shape, "float64");

/** What comes back to a layer. */
export const gradientOf = (layer: NetworkLayer, run: Run) => run.tensor(`grad.${layer.output}`);
/** What goes into a layer that takes one array. */
export const inputOf = (layer: NetworkLayer, run: Run) => run.tensor(layer.inputs[0]);

/** What a layer is computed from, where it is not what is right. */
export interface Instead {
  readonly x?: Tensor;
  /** Which of the layer's inputs `x` is, counted from 0; default: the first. */
  readonly input?: number;
  readonly weight?: Tensor;
  readonly bias?: Tensor | null;
  readonly g?: Tensor;
  readonly resolved?: object;
}

function inputsWith({ inputs }: NetworkLayer, run: Run, { x, input = 0 }: Instead): Tensor[] {
  return inputs.map((name, k) => (x && k === input ? x : run.tensor(name)));
}

function parametersWith(layer: NetworkLayer, run: Run, { weight, bias }: Instead): NamedTensors {
  const { bias: own, ...others } = parametersOf(layer, run);
  const used = bias === null ? undefined : (bias ?? own);
  return { ...others, ...(weight && { weight }), ...(used && { bias: used }) };
}

/** A layer's output. */
export function forwardWith(layer: NetworkLayer, run: Run, instead: Instead): Tensor {
  const parameters = parametersWith(layer, run, instead);
  return layer.kind.forward(resolvedWith(layer, instead), inputsWith(layer, run, instead), parameters);
}

/** What comes back through a layer, under one of its `inputGradients`. */
export function inputGradientWith(
  layer: NetworkLayer,
  run: Run,
  instead: Instead,
  name = layer.inputGradients[0],
): Tensor {
  const g = instead.g ?? gradientOf(layer, run);
  const inputs = inputsWith(layer, run, instead);
  const parameters = parametersWith(layer, run, instead);
  return backTo(layer, name, layer.kind.inputGradients(resolvedWith(layer, instead), inputs, parameters, g));
}

/** The gradient of one of a layer's parameters, by its short name. */
export function parameterGradientWith(
  layer: NetworkLayer,
  which: string,
  run: Run,
  instead: Instead,
): Tensor {
  const g = instead.g ?? gradientOf(layer, run);
  // of the input, a bias' gradient needs the shape only
  const x = which === "bias" ? zeros([g.shape[0], ...layer.resolved.inputShape], "float64") : undefined;
  const inputs = inputsWith(layer, run, { ...(x && { x }), ...instead });
  const gradient = layer.kind.parameterGradients(resolvedWith(layer, instead), inputs, g)[which];
  return scaled(gradient, run.network.scale === "parameters" ? 1 / run.network.images : 1);
}

function resolvedWith({ resolved }: NetworkLayer, instead: Instead): ResolvedLayer {
  return { ...resolved, ...instead.resolved };
}

export function sameNumbers(a: Tensor, b: Tensor): boolean {
  return sizeOf(a.shape) === sizeOf(b.shape) && a.data.every((value, k) => value === b.data[k]);
}
