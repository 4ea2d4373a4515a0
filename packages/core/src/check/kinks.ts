import type { MaxPool2d } from "../layers/maxPool2d.js";
import type { Tensor } from "../tensor.js";
import type { LayerSteps } from "./layerSteps.js";
import type { NetworkLayer } from "./network.js";
import { doubles, inDoubles, mapped, NEAR, NONE, type Value } from "./value.js";

/* Layers that let some numbers pass and hold others back. Near a kink, rounding may have decided otherwise for the person. */

function isUncertain(x: Value, k: number, distance: number, variance = x.variance[k]): boolean {
  return !x.exact && variance > 0 && Math.abs(distance) <= NEAR * Math.sqrt(variance);
}

const relu: Partial<LayerSteps> = {
  output({ inputs }, run) {
    const x = run.get(inputs[0]);
    const { data } = mapped(x, (value) => Math.max(0, value));
    if (run.rough) return { shape: x.shape, data, variance: NONE };
    const variance = mapped(x, (value, k) => (value > 0 || isUncertain(x, k, value) ? x.variance[k] : 0));
    return { ...x, data, variance: variance.data };
  },

  inputGradient({ inputs, output }, run) {
    const g = run.get(`grad.${output}`);
    const x = run.get(inputs[0]);
    const { data } = mapped(g, (value, k) => (x.data[k] > 0 ? value : 0));
    if (run.rough) return { shape: g.shape, data, variance: NONE };
    const variance = doubles(data.length, (k) => {
      if (isUncertain(x, k, x.data[k])) return g.variance[k] + g.data[k] ** 2;
      return x.data[k] > 0 ? g.variance[k] : 0;
    });
    return { ...g, data, variance };
  },
};

const maxPool2d: Partial<LayerSteps> = {
  output(layer, run) {
    const { kind, resolved, inputs } = layer;
    const x = run.get(inputs[0]);
    const { shape, data } = kind.forward(resolved, [x], {});
    if (run.rough) return { shape, data: inDoubles(data), variance: NONE };
    const winners = winnersOf(layer, x);
    return {
      shape,
      data: inDoubles(data),
      variance: doubles(winners.length, (cell) => x.variance[winners[cell]]),
    };
  },

  inputGradient(layer, run) {
    const g = run.get(`grad.${layer.output}`);
    const x = run.get(layer.inputs[0]);
    const data = new Float64Array(x.data.length);
    const variance = new Float64Array(x.data.length);
    const winners = winnersOf(layer, x);
    for (let cell = 0; cell < winners.length; cell++) data[winners[cell]] += g.data[cell];
    if (run.rough) return { shape: x.shape, data, variance: NONE };
    for (const [cell, winner] of winners.entries()) {
      variance[winner] += g.variance[cell];
      if (x.exact) continue;
      // Whoever is as good as equal may have won in the person's computation.
      for (const k of windowOf(layer.resolved as MaxPool2d, cell)) {
        if (k === winner) continue;
        if (isUncertain(x, k, x.data[winner] - x.data[k], x.variance[k] + x.variance[winner])) {
          variance[k] += g.data[cell] ** 2;
          variance[winner] += g.data[cell] ** 2;
        }
      }
    }
    return { shape: x.shape, data, variance };
  },
};

export const kinkedLayers = { relu, maxPool2d };

/** For each output cell of a pool, which input cell wins. */
export function winnersOf({ kind, resolved, name }: NetworkLayer, x: Tensor): Uint32Array {
  const winners = kind.branches?.(resolved, [x]);
  if (!winners) throw new Error(`${name} has no winners`);
  return winners;
}

/** The input's cells under the window of output cell `cell`, in reading order. */
export function windowOf(
  { kernel, stride, padding, outputShape, inputShape }: MaxPool2d,
  cell: number,
): number[] {
  const [, I, J] = outputShape;
  const [, H, W] = inputShape;
  const plane = Math.floor(cell / (I * J)) * H * W;
  const top = (Math.floor(cell / J) % I) * stride[0] - padding[0];
  const left = (cell % J) * stride[1] - padding[3];
  const cells: number[] = [];
  for (let p = Math.max(0, top); p < Math.min(H, top + kernel[0]); p++) {
    for (let q = Math.max(0, left); q < Math.min(W, left + kernel[1]); q++) cells.push(plane + p * W + q);
  }
  return cells;
}
