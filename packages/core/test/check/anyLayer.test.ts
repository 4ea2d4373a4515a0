import { afterAll, expect, test } from "vitest";
import { ofAnyLayer, stepsOfLayer } from "../../src/check/layerSteps.js";
import { CROSS_ENTROPY, makeNetwork, resolveLayers } from "../../src/check/network.js";
import { Run } from "../../src/check/run.js";
import { stepsOf } from "../../src/check/steps.js";
import { precisionOf } from "../../src/check/value.js";
import { checkArrays, defineModel, type ModelSpec, type Tensor } from "../../src/index.js";
import { type AnyLayer, layerKinds } from "../../src/layers/index.js";
import { type Trace, tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { dtypeOf, tensor } from "../../src/tensor.js";
import { randomParameters } from "../support/networks.js";
import { normals } from "../support/values.js";

/* What the check says of kinds of layers of which it knows nothing but their functions. */

const kinds = layerKinds as unknown as Record<string, AnyLayer>;
afterAll(() => {
  delete kinds.squash;
});

/** gain[c] * tanh(x) - x / 3: neither linear, nor with a weight or a bias, and with a negative share. */
kinds.squash = {
  type: "squash",
  prefix: "squash",
  resolve: (_, inputShape) => ({ inputShape, outputShape: inputShape }),
  parameters: ({ inputShape: [channels] }) => [{ name: "gain", shape: [channels], fanIn: 0 }],
  multiplyAdds: () => 0,
  forward: (_, [x], { gain }) => mapped(x, (value, c) => gain.data[c] * Math.tanh(value) - value / 3),
  inputGradients: (_, [x], { gain }, g) => [
    mapped(x, (value, c, k) => (gain.data[c] * (1 - Math.tanh(value) ** 2) - 1 / 3) * g.data[k]),
  ],
  parameterGradients({ inputShape: [channels] }, [x], g) {
    const gain = new Float64Array(channels);
    mapped(x, (value, c, k) => {
      gain[c] += g.data[k] * Math.tanh(value);
      return 0;
    });
    return { gain: tensor([channels], gain, dtypeOf(x)) };
  },
  words: () => ({ kind: "squash", short: "squash", forward: "", backward: "" }),
  explain: undefined as never,
};

function mapped(x: Tensor, f: (value: number, channel: number, k: number) => number): Tensor {
  const cells = x.shape[2] * x.shape[3];
  return { shape: x.shape, data: x.data.map((v, k) => f(v, Math.floor(k / cells) % x.shape[1], k)) };
}

const spec = {
  input: [2, 6, 5],
  layers: [
    { type: "conv2d", filters: 3, kernel: 3 },
    { type: "squash" },
    { type: "flatten" },
    { type: "dense", units: 4 },
  ],
} as unknown as ModelSpec;

function stepOf(dtype: "float32" | "float64", change: Partial<AnyLayer> = {}): Trace {
  const model = defineModel(spec);
  const layers = model.layers.map((layer) =>
    layer.name === "squash1" ? { ...layer, kind: { ...layer.kind, ...change } } : layer,
  );
  const parameters = Object.fromEntries(
    Object.entries(randomParameters(model, 7)).map(([name, { shape, data }]) => [
      name,
      tensor(shape, data, dtype),
    ]),
  );
  const x = tensor([3, 2, 6, 5], normals([3, 2, 6, 5], 8, "x").data, dtype);
  return withUpdate(trace({ ...model, layers }, parameters, x, [2, 0, 3]), 0.1);
}

const reportOn = (step: Trace, isGiven = (_: string) => true) =>
  checkArrays(
    Object.fromEntries(
      Object.entries(tensorsOf(step))
        .filter(([name]) => isGiven(name))
        .map(([name, t]) => [name, { ...t, dtype: dtypeOf(t) }]),
    ),
    { model: spec },
  );

test.each(["float32", "float64"] as const)("a new kind of layer is checked in %s", (dtype) => {
  const whole = reportOn(stepOf(dtype));
  const few = reportOn(stepOf(dtype), (name) => !/\.out$/.test(name));
  const wrong = reportOn(
    stepOf(dtype, {
      inputGradients: (_, _x, { gain }, g) => [mapped(g, (v, c) => (gain.data[c] - 1 / 3) * v)],
    }),
  );

  expect(whole).toMatchObject({ agrees: true, mistakes: [], unknownNames: [] });
  expect(whole.arrays.filter(({ status }) => status !== "agrees")).toEqual([]);
  expect(whole.arrays.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["squash1.out", "grad.squash1.gain", "new.squash1.gain"]),
  );
  expect(few).toMatchObject({ agrees: true, mistakes: [] });
  expect(wrong).toMatchObject({ first: "grad.conv1.out", mistakes: [{ array: "grad.conv1.out" }] });
});

test("errors by trying are hardly smaller, and not much larger, than those that are known of weighted sums", () => {
  const { tensors } = stepOf("float32");
  const layers = resolveLayers(spec.layers, spec.input);
  const network = makeNetwork(spec, layers, {
    images: 3,
    labels: undefined,
    scale: "mean",
    loss: CROSS_ENTROPY,
  });
  const held = precisionOf("float32");
  const given = new Map(Object.entries(tensors).map(([name, t]) => [name, { tensor: t, held }]));
  const run = new Run({ network, given, working: held, steps: stepsOf(network) });

  for (const layer of layers.filter(({ name }) => name === "conv1" || name === "fc1")) {
    for (const [all, some] of [
      [ofAnyLayer.output(layer, run), stepsOfLayer(layer).output(layer, run)],
      ...layer.inputGradients.map((name) => [
        ofAnyLayer.inputGradient(layer, run, name),
        stepsOfLayer(layer).inputGradient(layer, run, name),
      ]),
      ...layer.parameters.map(({ name }) => [
        ofAnyLayer.parameterGradient(layer, run, name),
        stepsOfLayer(layer).parameterGradient(layer, run, name),
      ]),
    ]) {
      expect(all.data).toEqual(some.data);
      const ratios = all.variance.map((variance, k) => Math.sqrt(variance / some.variance[k]));
      expect(Math.min(...ratios)).toBeGreaterThan(0.7);
      expect(Math.max(...ratios)).toBeLessThan(3);
    }
  }
});
