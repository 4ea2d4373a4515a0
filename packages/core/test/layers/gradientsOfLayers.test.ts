import fc from "fast-check";
import { describe, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { averagePool2d } from "../../src/layers/averagePool2d.js";
import { conv2d } from "../../src/layers/conv2d.js";
import { dense } from "../../src/layers/dense.js";
import { flatten } from "../../src/layers/flatten.js";
import { type AnyLayer, layerKinds } from "../../src/layers/index.js";
import type { Layer, LayerSpec, ResolvedLayer } from "../../src/layers/layer.js";
import { leakyRelu } from "../../src/layers/leakyRelu.js";
import { maxPool2d } from "../../src/layers/maxPool2d.js";
import { relu } from "../../src/layers/relu.js";
import { relu6 } from "../../src/layers/relu6.js";
import { softmax, softmaxInputGradient } from "../../src/losses/softmax.js";
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from "../../src/losses/softmaxCrossEntropy.js";
import type { NamedTensors, Shape, Tensor } from "../../src/tensor.js";
import { magnitude } from "../support/compare.js";
import { expectGradient, measuredGradient } from "../support/differences.js";
import {
  averagePool2dSpecs,
  conv2dSpecs,
  maxPool2dSpecs,
  placed,
  smoothSpecs,
} from "../support/layerSpecs.js";
import { cases, seeds } from "../support/properties.js";
import { apart, normals } from "../support/values.js";

/*
 * Every layer alone: its gradients are those that are measured by moving each number, in float64. The "loss" is a sum of
 * the outputs, each with a random weight, which are then the gradients that come from above.
 *
 * Every such loss is linear, or, for ReLU and max-pooling, linear as far as the step goes: their inputs keep away from 0
 * and from each other by more than two steps (`apart`). So any step is exact but for rounding. Those of smooth functions are
 * not: they take a smaller one.
 */

const h = 2 ** -6;
const batches = fc.integer({ min: 1, max: 3 });

function dot(a: Tensor, b: Tensor): number {
  let sum = 0;
  for (let k = 0; k < a.data.length; k++) sum += a.data[k] * b.data[k];
  return sum;
}

/** Moves each number of the input and of the parameters. */
function checkLayer<Spec extends LayerSpec, Resolved extends ResolvedLayer>(
  kind: Layer<Spec, Resolved>,
  layer: Resolved,
  x: Tensor,
  seed: number,
  step = h,
): void {
  const parameters: NamedTensors = Object.fromEntries(
    kind.parameters(layer).map(({ name, shape }) => [name, normals(shape, seed, name)]),
  );
  const outgoing = normals([x.shape[0], ...layer.outputShape], seed, "outgoing");
  const loss = () => dot(kind.forward(layer, [x], parameters), outgoing);
  const size = magnitude(kind.forward(layer, [x], parameters).data) * outgoing.data.length;
  const own = kind.parameterGradients(layer, [x], outgoing);
  const computed: NamedTensors = { x: kind.inputGradients(layer, [x], parameters, outgoing)[0], ...own };
  for (const [name, values] of Object.entries({ x, ...parameters })) {
    const measured = measuredGradient(loss, values.data as Float64Array, step);
    expectGradient(`gradient of ${name}`, computed[name]?.data ?? [], measured, { size, h: step });
  }
}

test("convolution", () => {
  fc.assert(
    fc.property(placed(conv2d, conv2dSpecs), batches, seeds, ({ spec, input }, batch, seed) => {
      checkLayer(conv2d, conv2d.resolve(spec, input), normals([batch, ...input], seed, "x"), seed);
    }),
    cases(few(35, 120)),
  );
});

test("max-pooling", () => {
  fc.assert(
    fc.property(placed(maxPool2d, maxPool2dSpecs), batches, seeds, ({ spec, input }, batch, seed) => {
      checkLayer(maxPool2d, maxPool2d.resolve(spec, input), apart([batch, ...input], seed, "x"), seed);
    }),
    cases(few(35, 120)),
  );
});

test("average-pooling", () => {
  fc.assert(
    fc.property(placed(averagePool2d, averagePool2dSpecs), batches, seeds, ({ spec, input }, batch, seed) => {
      checkLayer(
        averagePool2d,
        averagePool2d.resolve(spec, input),
        normals([batch, ...input], seed, "x"),
        seed,
      );
    }),
    cases(few(18, 60)),
  );
});

describe("layers that take any shape", () => {
  const sizes = fc.integer({ min: 1, max: 6 });
  const shapes: fc.Arbitrary<Shape> = fc.oneof(fc.tuple(sizes), fc.tuple(sizes, sizes, sizes));

  test.each([
    ["ReLU", relu, { type: "relu" }],
    ["leaky ReLU", leakyRelu, { type: "leakyRelu", slope: 0.3 }],
    ["leaky ReLU that turns around", leakyRelu, { type: "leakyRelu", slope: -1.5 }],
    ["flatten", flatten, { type: "flatten" }],
  ] as const)("%s", (_, kind, spec) => {
    fc.assert(
      fc.property(shapes, batches, seeds, (shape, batch, seed) => {
        const layer = kind.resolve(spec as never, shape);
        checkLayer(kind as Layer<LayerSpec, ResolvedLayer>, layer, apart([batch, ...shape], seed, "x"), seed);
      }),
      cases(few(18, 60)),
    );
  });

  test("ReLU6", () => {
    fc.assert(
      fc.property(shapes, batches, seeds, (shape, batch, seed) => {
        const { data, ...rest } = apart([batch, ...shape], seed, "x");
        // around both ends, and never nearer to one than a step: odd numbers of eighths
        const x = { ...rest, data: data.map((value) => 6 * Number(value > 0) + 2 * value) };
        checkLayer(relu6, relu6.resolve({ type: "relu6" }, shape), x, seed);
      }),
      cases(few(18, 60)),
    );
  });

  test.each(smoothSpecs.map((spec) => [JSON.stringify(spec), spec]))("%s", (_, spec) => {
    const kind = layerKinds[spec.type] as AnyLayer;
    fc.assert(
      fc.property(shapes, batches, seeds, (shape, batch, seed) => {
        const x = normals([batch, ...shape], seed, "x");
        checkLayer(kind, kind.resolve(spec, shape), x, seed, 2 ** -9);
      }),
      cases(few(18, 60)),
    );
  });

  test("dense", () => {
    fc.assert(
      fc.property(sizes, sizes, fc.boolean(), batches, seeds, (inputs, units, bias, batch, seed) => {
        const layer = dense.resolve({ type: "dense", units, bias }, [inputs]);
        checkLayer(dense, layer, normals([batch, inputs], seed, "x"), seed);
      }),
      cases(few(18, 60)),
    );
  });
});

describe("softmax", () => {
  const smooth = 2 ** -9; // not linear: see measuredGradient
  const classes = fc.integer({ min: 2, max: 8 });

  test("alone", () => {
    fc.assert(
      fc.property(classes, batches, seeds, (K, batch, seed) => {
        const logits = normals([batch, K], seed, "logits");
        const outgoing = normals([batch, K], seed, "outgoing");
        const measured = measuredGradient(
          () => dot(softmax(logits), outgoing),
          logits.data as Float64Array,
          smooth,
        );
        const computed = softmaxInputGradient(logits, outgoing);
        expectGradient("gradient of logits", computed.data, measured, { size: 3 * batch, h: smooth });
      }),
      cases(few(18, 60)),
    );
  });

  test("with cross-entropy, averaged over the batch", () => {
    fc.assert(
      fc.property(classes, batches, seeds, (K, batch, seed) => {
        const logits = normals([batch, K], seed, "logits");
        const labels = Array.from({ length: batch }, (_, n) => (seed + 3 * n) % K);
        const measured = measuredGradient(
          () => softmaxCrossEntropy(logits, labels),
          logits.data as Float64Array,
          smooth,
        );
        const computed = softmaxCrossEntropyGradient(logits, labels);
        expectGradient("gradient of logits", computed.data, measured, { size: 4, h: smooth });
      }),
      cases(few(18, 60)),
    );
  });
});
