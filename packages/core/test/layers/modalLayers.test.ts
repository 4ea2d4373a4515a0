import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { batchNorm1d, batchNorm2d } from "../../src/layers/batchNorm.js";
import { dropout } from "../../src/layers/dropout.js";
import { isKept, maskHash, maskKey } from "../../src/layers/dropoutMask.js";
import { type Context, FIRST_STEP } from "../../src/layers/layer.js";
import { type NamedTensors, type Shape, sizeOf, tensor } from "../../src/tensor.js";
import { expectTensor, expectWithin, magnitude } from "../support/compare.js";
import { normalisation } from "../support/definitions.js";
import { expectGradient, measuredGradient } from "../support/differences.js";
import { batchNormOptions, dropoutSpecs } from "../support/layerSpecs.js";
import { cases, seeds } from "../support/properties.js";
import { normals } from "../support/values.js";

/* Layers that do something else in training than in evaluation, alone: their definitions, and their gradients, measured. */

const from = (min: number, max: number) => fc.integer({ min, max });
const EVALUATED: Context = { ...FIRST_STEP, mode: "evaluation" };

/** A norm, its options, a batch that it takes, and parameters. */
const norms = fc
  .record({
    options: batchNormOptions,
    shape: fc.oneof<fc.Arbitrary<Shape>[]>(
      fc.tuple(from(1, 5)),
      fc.tuple(from(1, 3), from(1, 4), from(1, 4)),
    ),
    batch: from(2, 4),
    seed: seeds,
    mode: fc.constantFrom("training" as const, "evaluation" as const),
  })
  .map(({ options, shape, batch, seed, mode }) => {
    const layer =
      shape.length === 1
        ? batchNorm1d.resolve({ type: "batchNorm1d", ...options }, shape)
        : batchNorm2d.resolve({ type: "batchNorm2d", ...options }, shape);
    const channel = (name: string) => normals([layer.channels], seed, name);
    const parameters: NamedTensors = {
      weight: channel("weight"),
      bias: channel("bias"),
      running_mean: channel("mean"),
      running_var: tensor([layer.channels], channel("variance").data.map(Math.abs), "float64"),
    };
    const context: Context = { ...FIRST_STEP, mode };
    return { layer, parameters, x: normals([batch, ...shape], seed, "x"), context, seed };
  });

describe("batch normalisation", () => {
  test("is (x - mean) / sqrt(variance + eps), times the weight, plus the bias", () => {
    fc.assert(
      fc.property(norms, ({ layer, parameters, x, context }) => {
        const { weight, bias, running_mean, running_var } = parameters;
        const running = { mean: running_mean.data, variance: running_var.data };
        const { normalised } = normalisation(x, layer.eps, context.mode === "training" ? undefined : running);
        const channel = (k: number) => Math.floor(k / layer.places) % layer.channels;
        const y = normalised.map((value, k) => weight.data[channel(k)] * value + bias.data[channel(k)]);
        const computed = batchNorm2d.forward(layer, [x], parameters, context);
        expectTensor("y", computed, tensor(x.shape, y, "float64"), 1e-12);
      }),
      cases(200),
    );
  });

  test("mixes the batch's mean, and the sample's variance, into the running ones", () => {
    fc.assert(
      fc.property(norms, ({ layer, parameters, x }) => {
        const { mean, variance } = normalisation(x);
        const m = x.shape[0] * layer.places;
        const { running_mean, running_var } = parameters;
        const next = batchNorm2d.nextState?.(layer, [x], parameters) ?? {};
        const mixed = (old: number, batch: number) => old + layer.momentum * (batch - old);
        const means = mean.map((value, c) => mixed(running_mean.data[c], value));
        const variances = variance.map((value, c) => mixed(running_var.data[c], (value * m) / (m - 1)));
        expectWithin("running mean", next.running_mean.data, means, 1e-14 * (1 + magnitude(means)));
        expectWithin(
          "running variance",
          next.running_var.data,
          variances,
          1e-13 * (1 + magnitude(variances)),
        );
        expect(Object.keys(next)).toEqual(["running_mean", "running_var"]);
      }),
      cases(200),
    );
  });

  test("gives the measured gradients, in which the whole batch hangs together", () => {
    const h = 2 ** -12;
    fc.assert(
      fc.property(norms, ({ layer, parameters, x, context, seed }) => {
        const { variance } = normalisation(x);
        // on numbers that hardly differ, the steps measure no slope
        fc.pre(
          context.mode === "evaluation" || variance.every((value) => Math.sqrt(value + layer.eps) > 0.1),
        );
        const outgoing = normals(x.shape, seed, "outgoing");
        const loss = () => {
          const { data } = batchNorm2d.forward(layer, [x], parameters, context);
          return Array.from(data).reduce((sum, value, k) => sum + value * outgoing.data[k], 0);
        };
        const size =
          100 * magnitude(batchNorm2d.forward(layer, [x], parameters, context).data) * x.data.length;
        const [ofX] = batchNorm2d.inputGradients(layer, [x], parameters, outgoing, context);
        const own = batchNorm2d.parameterGradients(layer, [x], outgoing, parameters, context);
        const { weight, bias } = parameters;
        for (const [name, values, computed] of [
          ["x", x, ofX],
          ["weight", weight, own.weight],
          ["bias", bias, own.bias],
        ] as const) {
          const measured = measuredGradient(loss, values.data as Float64Array, h);
          expectGradient(`gradient of ${name}`, computed.data, measured, { size, h });
        }
      }),
      cases(few(40, 300)),
    );
  });

  test("in training, a gradient that only moves the channel or stretches it comes to nothing", () => {
    const layer = batchNorm2d.resolve({ type: "batchNorm2d", eps: 1e-12 }, [1, 3, 3]);
    const x = normals([4, 1, 3, 3], 1, "x");
    const parameters = { weight: tensor([1], [2], "float64"), bias: tensor([1], [5], "float64") };
    const all = (of: (k: number) => number) =>
      tensor(
        x.shape,
        x.data.map((_, k) => of(k)),
        "float64",
      );
    for (const outgoing of [all(() => 1), all((k) => x.data[k])]) {
      const [gradient] = batchNorm2d.inputGradients(layer, [x], parameters, outgoing);
      expectWithin("gradient", gradient.data, new Float64Array(x.data.length), 1e-11);
    }
  });

  test("of one number there is no spread: one image is too few where a channel has one place", () => {
    const fewest = (shape: Shape) =>
      shape.length === 1
        ? batchNorm1d.fewestImages?.(batchNorm1d.resolve({ type: "batchNorm1d" }, shape))
        : batchNorm2d.fewestImages?.(batchNorm2d.resolve({ type: "batchNorm2d" }, shape));
    expect([[7], [7, 1, 1], [7, 1, 2], [1, 5, 5]].map(fewest)).toEqual([2, 2, 1, 1]);
  });
});

describe("dropout's mask", () => {
  const vectors: Context = { mode: "training", seed: 1, step: 2, node: 3 };

  test("is that of its test vectors", () => {
    expect(maskKey(vectors, 4)).toBe(0x934addd8);
    expect([0, 1, 2].map((cell) => maskHash(0x934addd8, cell))).toEqual([0x28e1c7ab, 0xd5a54feb, 0x5adacc4a]);
    const largest: Context = { mode: "training", seed: 2 ** 32 - 1, step: 2 ** 31, node: 9999 };
    expect(maskKey(largest, 127)).toBe(0xd9172e46);
    expect(maskHash(0xd9172e46, 10_000_000)).toBe(0xc9487238);
  });

  /** Shares that n fair draws of probability p come to but for one time in a billion, by the normal law. */
  const sigma = (p: number, n: number) => Math.sqrt((p * (1 - p)) / n);

  test.each([0.01, 0.1, 0.25, 0.5, 0.9, 0.99])("of rate %d drops this share", (rate) => {
    const n = 100_000;
    let dropped = 0;
    for (let k = 0; k < n; k++) {
      const key = maskKey({ ...vectors, step: 1 + (k >> 12) }, (k >> 8) & 15);
      if (!isKept(rate, key, k & 255)) dropped += 1;
    }
    expect(Math.abs(dropped / n - rate)).toBeLessThan(6 * sigma(rate, n));
  });

  test("never drops anything at rate 0", () => {
    for (let k = 0; k < 10_000; k++) expect(isKept(0, maskKey(vectors, k >> 6), k & 63)).toBe(true);
  });

  /** Of two masks that have nothing to do with each other, half the cells are alike. */
  const kept = (context: Context, place: number, from = 0) =>
    Array.from({ length: 4096 }, (_, cell) => isKept(0.5, maskKey(context, place), from + cell));

  test.each<readonly [string, boolean[]]>([
    ["seed", kept({ ...vectors, seed: 2 }, 4)],
    ["step", kept({ ...vectors, step: 3 }, 4)],
    ["layer", kept({ ...vectors, node: 4 }, 4)],
    ["place in the batch", kept(vectors, 5)],
    ["cell", kept(vectors, 4, 1)],
    ["row of cells", kept(vectors, 4, 28)],
    ["step and layer, changed places", kept({ ...vectors, step: 3, node: 2 }, 4)],
    ["layer and image, changed places", kept({ ...vectors, node: 4 }, 3)],
  ])("is another one with another %s", (_, other) => {
    const alike = kept(vectors, 4).filter((value, k) => value === other[k]).length / other.length;
    expect(Math.abs(alike - 0.5)).toBeLessThan(6 * sigma(0.5, other.length));
  });
});

describe("dropout", () => {
  const shapes: fc.Arbitrary<Shape> = fc.oneof(
    fc.tuple(from(1, 6)),
    fc.tuple(from(1, 3), from(1, 4), from(1, 4)),
  );
  const contexts: fc.Arbitrary<Context> = fc.record({
    mode: fc.constant("training"),
    seed: fc.nat({ max: 2 ** 32 - 1 }),
    step: from(1, 10 ** 6),
    node: from(0, 100),
  });

  test("gives 0 or x / (1 - rate), and the gradient goes the same ways by the same factor", () => {
    fc.assert(
      fc.property(dropoutSpecs, shapes, from(1, 4), seeds, contexts, (spec, shape, batch, seed, context) => {
        const layer = dropout.resolve(spec, shape);
        const x = normals([batch, ...shape], seed, "x");
        const size = sizeOf(shape);
        const factors = Array.from(x.data, (_, k) =>
          isKept(layer.rate, maskKey(context, Math.floor(k / size)), k % size) ? 1 / (1 - layer.rate) : 0,
        );
        const y = dropout.forward(layer, [x], {}, context);
        const outgoing = normals(x.shape, seed, "outgoing");
        const [gradient] = dropout.inputGradients(layer, [x], {}, outgoing, context);
        for (const [k, factor] of factors.entries()) {
          expect(y.data[k]).toBe(factor === 0 ? 0 : x.data[k] * factor);
          expect(gradient.data[k]).toBe(factor === 0 ? 0 : outgoing.data[k] * factor);
        }
      }),
      cases(100),
    );
  });

  test("passes everything in evaluation, in memory of its own", () => {
    const layer = dropout.resolve({ type: "dropout", rate: 0.9 }, [50]);
    const x = normals([2, 50], 1, "x");
    for (const passed of [
      dropout.forward(layer, [x], {}, EVALUATED),
      dropout.inputGradients(layer, [x], {}, x, EVALUATED)[0],
    ]) {
      expect(passed).toEqual(x);
      expect(passed.data).not.toBe(x.data);
    }
  });

  test("drops half if no rate is given, and hides what is no number", () => {
    const layer = dropout.resolve({ type: "dropout" }, [200]);
    const y = dropout.forward(layer, [tensor([1, 200], Array(200).fill(NaN), "float64")], {});
    const dropped = y.data.filter((value) => value === 0).length;
    expect(dropped).toBeGreaterThan(60);
    expect(dropped).toBeLessThan(140);
  });
});
