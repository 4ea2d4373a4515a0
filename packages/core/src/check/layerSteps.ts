import { type Context, FIRST_STEP } from "../layers/layer.js";
import { type NamedTensors, type Tensor, zeros } from "../tensor.js";
import { dropoutSteps } from "./dropoutSteps.js";
import { kinkedLayers } from "./kinks.js";
import type { NetworkLayer } from "./network.js";
import { propagated } from "./propagated.js";
import type { Run } from "./run.js";
import { inDoubles, mapped, NONE, shareOf, squares, type Value } from "./value.js";

/*
 * How the arrays around a layer are computed: with the textbook of its kind, on the person's own earlier values. Beside the
 * numbers go the variances of the rounding errors.
 */

/** How a layer's arrays are computed. */
export interface LayerSteps {
  /** Whether it looks at more of the file than at the arrays that it computes from. */
  readonly looksAtFile?: true;
  output(layer: NetworkLayer, run: Run): Value;
  /** @param name one of the layer's `inputGradients` */
  inputGradient(layer: NetworkLayer, run: Run, name: string): Value;
  /** @param name the full name of the parameter */
  parameterGradient(layer: NetworkLayer, run: Run, name: string): Value;
}

/** Any layer's. Those of whose rounding errors more is known stand in the table `special`. */
export const ofAnyLayer: LayerSteps = {
  output: (layer, run) =>
    propagated(run, layer, [...layer.inputs, ...namesOfParameters(layer, run)], (get) =>
      layer.kind.forward(
        layer.resolved,
        layer.inputs.map(get),
        parametersOf(layer, run, get),
        contextOf(layer),
      ),
    ),

  inputGradient(layer, run, name) {
    const gradient = `grad.${layer.output}`;
    const sources = [gradient, ...layer.inputs, ...namesOfParameters(layer, run)];
    return propagated(run, layer, sources, (get) =>
      backTo(
        layer,
        name,
        layer.kind.inputGradients(
          layer.resolved,
          layer.inputs.map(get),
          parametersOf(layer, run, get),
          get(gradient),
          contextOf(layer),
        ),
      ),
    );
  },

  parameterGradient(layer, run, name) {
    const gradient = `grad.${layer.output}`;
    const sources = [gradient, ...layer.inputs, ...statesOf(layer)];
    return propagated(
      run,
      layer,
      sources,
      (get) =>
        layer.kind.parameterGradients(
          layer.resolved,
          layer.inputs.map(get),
          get(gradient),
          Object.fromEntries(statesOf(layer).map((state) => [shortName(state), get(state)])),
          contextOf(layer),
        )[shortName(name)],
    );
  },
};

/**
 * Sums of inputs times weights, plus a bias. A sum of products a*b has the variance
 *
 *   sum of  a^2 var(b) + b^2 var(a)   +   what the summing of so many terms adds,
 *
 * which the textbook adds up too, from squares.
 */
const weightedSums: LayerSteps = {
  output(layer, run) {
    const { kind, resolved, inputs } = layer;
    const x = run.get(inputs[0]);
    const { weight, bias } = parametersOf(layer, run) as Record<string, Value>;
    const data = kind.forward(resolved, [x], { weight, ...(bias && { bias }) });
    const terms = weight.data.length / weight.shape[0];
    return sumOf(data, terms, run, [x, weight], (a, b) => kind.forward(resolved, [a], { weight: b }), bias);
  },

  inputGradient(layer, run) {
    const { kind, resolved, output } = layer;
    const g = run.get(`grad.${output}`);
    const { weight } = parametersOf(layer, run) as Record<string, Value>;
    const x = zeros([g.shape[0], ...resolved.inputShape], "float64"); // only its shape matters
    const back = (a: Tensor, b: Tensor) => kind.inputGradients(resolved, [x], { weight: b }, a)[0];
    const { groups } = { groups: 1, ...resolved };
    const terms = weight.data.length / weight.shape[1] / groups;
    return sumOf(back(g, weight), terms, run, [g, weight], back);
  },

  parameterGradient({ kind, resolved, inputs, output }, run, name) {
    const g = run.get(`grad.${output}`);
    const short = shortName(name);
    const add = (a: Tensor, b: Tensor) => kind.parameterGradients(resolved, [b], a)[short];
    // of the input, a bias' gradient needs the shape only
    const nothing = zeros([run.network.images, ...resolved.inputShape], "float64");
    const x: Value =
      short === "weight" ? run.get(inputs[0]) : { ...nothing, data: NONE, variance: NONE, share: 0 };
    return sumOf(add(g, x), g.data.length / g.shape[1], run, [g, x], add);
  },
};

/** Nothing is computed: errors stay what they are. */
const copies: Partial<LayerSteps> = {
  output: ({ inputs, resolved }, run) => reshaped(run, inputs[0], resolved.outputShape),
  inputGradient: ({ output, resolved }, run) => reshaped(run, `grad.${output}`, resolved.inputShape),
};

function reshaped(run: Run, name: string, ofOne: readonly number[]): Value {
  const value = run.get(name);
  const shape = [value.shape[0], ...ofOne];
  return run.rough ? { shape, data: value.data, variance: NONE } : { ...value, shape };
}

/**
 * Whoever has the slope of a sigmoid or tanh from the output, as 1 - a^2 or a(1 - a), has an error of the size of the last digits
 * of 1 in it, however small the slope is.
 */
const saturating: Partial<LayerSteps> = {
  inputGradient(layer, run, name) {
    const value = ofAnyLayer.inputGradient(layer, run, name);
    if (run.rough) return value;
    const g = run.get(`grad.${layer.output}`).data;
    const a = run.get(layer.output).data;
    const rounding = 8 * shareOf(run.working.unit);
    const variance = value.variance.map((own, k) => own + rounding * (g[k] * a[k]) ** 2);
    return { ...value, variance };
  },
};

/** What is known of some types of layers, by their type. */
const special: Readonly<Record<string, Partial<LayerSteps>>> = {
  conv2d: weightedSums,
  dense: weightedSums,
  flatten: copies,
  dropout: dropoutSteps,
  sigmoid: saturating,
  tanh: saturating,
  ...kinkedLayers,
};

export function stepsOfLayer({ type }: NetworkLayer): LayerSteps {
  return { ...ofAnyLayer, ...special[type] };
}

/** The layer's parameters that there are, and the state that it goes by: a bias that is not given counts as 0. */
export function namesOfParameters(layer: NetworkLayer, run: Run): string[] {
  const own = layer.parameters.map(({ name }) => name);
  return [...own.filter((name) => shortName(name) !== "bias" || run.given.has(name)), ...statesOf(layer)];
}

const statesOf = ({ mode, state }: NetworkLayer): string[] =>
  mode === "evaluation" ? state.map(({ name }) => name) : [];

const contextOf = ({ mode }: NetworkLayer): Context => ({ ...FIRST_STEP, mode });

/** A layer's parameters under their short names. */
export function parametersOf(
  layer: NetworkLayer,
  run: Run,
  get: (name: string) => Tensor = (name) => run.get(name),
): NamedTensors {
  return Object.fromEntries(namesOfParameters(layer, run).map((name) => [shortName(name), get(name)]));
}

export const shortName = (name: string) => name.slice(name.indexOf(".") + 1);

/** What comes back under one of the layer's `inputGradients`: a layer can take an array more than once. */
export function backTo({ inputGradients }: NetworkLayer, name: string, ways: readonly Tensor[]): Tensor {
  return ways
    .filter((_, k) => inputGradients[k] === name)
    .reduce((sum, way) => mapped(sum, (value, k) => value + way.data[k]));
}

/**
 * The variances of sums of `terms` products.
 * @param add gives the same sums of other products
 */
function sumOf(
  data: Tensor,
  terms: number,
  run: Run,
  [first, second]: readonly [Value, Value],
  add: (first: Tensor, second: Tensor) => Tensor,
  bias?: Value,
): Value {
  if (run.rough) return { shape: data.shape, data: inDoubles(data.data), variance: NONE };
  const rounding = shareOf(run.working.unit);
  // Variances that are a share of the squares join the sum of the squares: one sum instead of two.
  const share = rounding * (terms / 2 + 1) + (first.share ?? 0) + (second.share ?? 0);
  const squaresOfSecond = squares(second);
  const one = add(
    mapped(first, (value, k) => share * value * value + (first.share === undefined ? first.variance[k] : 0)),
    squaresOfSecond,
  );
  const two =
    second.share === undefined
      ? add(squares(first), { shape: second.shape, data: second.variance })
      : undefined;
  const channels = bias ? bias.data.length : 1;
  const inner = data.data.length / data.shape[0] / channels;
  const variance = mapped(data, (value, k) => {
    const channel = Math.floor(k / inner) % channels;
    return (
      one.data[k] +
      (two?.data[k] ?? 0) +
      (bias?.variance[channel] ?? 0) +
      rounding * (terms / 3 + 1) * value * value
    );
  });
  return { shape: data.shape, data: inDoubles(data.data), variance: variance.data };
}
