import { defineModel, type Model } from "../../src/graph/model.js";
import { factorAt, product } from "../../src/layers/explain/explanation.js";
import type { AnyLayer } from "../../src/layers/index.js";
import type { LayerSpec } from "../../src/layers/layer.js";
import { sizeOf, type Tensor, tensor } from "../../src/tensor.js";

/* A kind of layer that the library doesn't know: each channel times a number that is learnt, its gain. */

const map = ({ shape, data }: Tensor, value: (k: number, channel: number) => number): Tensor => {
  const plane = sizeOf(shape.slice(2));
  const values = Array.from(data, (_, k) => value(k, Math.floor(k / plane) % shape[1]));
  return tensor(shape, values, "float64");
};

const gain: AnyLayer = {
  type: "gain",
  prefix: "gain",
  resolve: (_spec, inputShape) => ({ inputShape, outputShape: inputShape }),
  parameters: ({ inputShape: [C] }) => [{ name: "factor", shape: [C], fanIn: 1 }],
  multiplyAdds: ({ inputShape }) => sizeOf(inputShape),
  forward: (_layer, [x], { factor }) => map(x, (k, c) => x.data[k] * factor.data[c]),
  inputGradients: (_layer, [x], { factor }, g) => [map(x, (k, c) => g.data[k] * factor.data[c])],
  parameterGradients({ inputShape: [C] }, [x], g) {
    const sums = new Float64Array(C);
    map(x, (k, c) => {
      sums[c] += x.data[k] * g.data[k];
      return 0;
    });
    return { factor: tensor([C], sums, "float64") };
  },
  words: ({ inputShape: [C] }) => ({
    kind: "gain",
    short: `gain of ${C} channels`,
    forward: "Each channel is multiplied by a number of its own.",
    backward: "What the channel was multiplied by, its gradient is multiplied by, too.",
  }),
  explain: {
    output: (_layer, around, index) => ({
      rule: "sum",
      terms: [product([factorAt(around("factor"), [index[1]]), factorAt(around("x"), index)])],
      others: [],
      says: "The channel's factor times what came in.",
    }),
    inputGradient: (_layer, around, index) => ({
      rule: "sum",
      terms: [product([factorAt(around("factor"), [index[1]]), factorAt(around("grad.out"), index)])],
      others: [],
      says: "The channel's factor times what comes back.",
    }),
    parameterGradient: ({ inputShape: [, H, W] }, around, _name, [c]) => ({
      rule: "sum",
      terms: Array.from({ length: H * W }, (_, k) => {
        const index = [0, c, Math.floor(k / W), k % W];
        return product([factorAt(around("grad.out"), index), factorAt(around("x"), index)]);
      }),
      others: [],
      says: "All numbers of the channel, each times what comes back to it.",
    }),
    uses: () => [],
  },
};

/** A network with such a layer in it. */
export function gainModel(): Model {
  const { layers, ...model } = defineModel({
    input: [2, 6, 6],
    layers: [
      { type: "relu", name: "gain1" },
      { type: "averagePool2d", size: 2 },
      { type: "add", from: ["avgpool1", "avgpool1"] },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
  });
  const [{ resolved, ...first }, ...others] = layers;
  const parameters = gain.parameters(resolved).map((own) => ({ ...own, fullName: `gain1.${own.name}` }));
  const spec = { type: "gain" } satisfies LayerSpec as never;
  const work = gain.multiplyAdds(resolved);
  const multiplyAdds = { forward: work, trainingStep: 2 * work };
  const own = { ...first, resolved, kind: gain, spec, parameters, multiplyAdds };
  return {
    ...model,
    layers: [own, ...others],
    parameters: [...parameters, ...model.parameters],
    uses: new Map([...model.uses, ["x", [{ layer: own, input: 0 }]]]),
    learnt: new Set(layers.map(({ output }) => output)),
  };
}
