import type { ModelSpec, Tensor } from "../../src/index.js";
import type { AnyLayer } from "../../src/layers/index.js";
import { type Arrays, SMALL, stepOf, without } from "./checkedSteps.js";

/* Steps in which a layer does something wrong, as somebody would make the mistake. */

export type Wrong = Partial<AnyLayer>;
export type Row = readonly [mistake: string, about: string, arrays: () => Arrays, first: string];

export const mapped = (t: Tensor, f: (value: number, k: number) => number): Tensor => ({
  shape: t.shape,
  data: Float64Array.from(t.data, f),
});
export const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** SMALL with another layer at a place. */
export const at = (place: number, layer: object, removed = 0): ModelSpec => ({
  ...SMALL,
  layers: [
    ...SMALL.layers.slice(0, place),
    layer,
    ...SMALL.layers.slice(place + removed),
  ] as ModelSpec["layers"],
});
export const SIGMOID = at(1, { type: "sigmoid" }, 1);
export const TANH = at(1, { type: "tanh" }, 1);
export const LEAKY = at(1, { type: "leakyRelu", slope: 0.1 }, 1);
export const AVERAGE = at(2, { type: "averagePool2d", size: 2 }, 1);
export const NORM = at(1, { type: "batchNorm2d" });
export const DROPOUT = at(4, { type: "dropout", rate: 0.5 });

/** A step whose layer's gradient with respect to its input is another one. */
export const back =
  (spec: ModelSpec, layer: string, f: (g: number, z: number, k: number) => number) => (): Arrays =>
    stepOf(spec, {
      wrong: [
        layer,
        (): Wrong => ({ inputGradients: (_, [x], _p, g) => [mapped(g, (v, k) => f(v, x.data[k], k))] }),
      ],
    });

/** One whose gradient is the right one, changed. */
export const changedBack =
  (spec: ModelSpec, layer: string, f: (g: Tensor, x: Tensor) => Tensor) => (): Arrays =>
    stepOf(spec, {
      wrong: [
        layer,
        ({ inputGradients }): Wrong => ({
          inputGradients: (resolved, [x], parameters, g, context) =>
            inputGradients(resolved, [x], parameters, g, context).map((right) => f(right, x)),
        }),
      ],
    });

export const forward = (spec: ModelSpec, layer: string, f: (y: Tensor, x: Tensor) => Tensor) => (): Arrays =>
  stepOf(spec, {
    wrong: [
      layer,
      (right): Wrong => ({
        forward: (resolved, [x], parameters, context) =>
          f(right.forward(resolved, [x], parameters, context), x),
      }),
    ],
  });

/** Arrays of a right step, some of them changed; the updates that would have followed are left out. */
export const saved = (spec: ModelSpec, change: (step: Arrays) => Arrays) => (): Arrays => {
  const step = without(stepOf(spec), /^new\./);
  return { ...step, ...change(step) };
};
