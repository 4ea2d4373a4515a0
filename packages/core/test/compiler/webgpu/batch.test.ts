import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { few } from "../../../../../test/support/long.js";
import { TUNING } from "../../../src/compiler/webgpu/tuning.js";
import { loadBatch } from "../../../src/data/batch.js";
import { defineModel, type Model } from "../../../src/graph/model.js";
import { nextState, parameterGradients, trace } from "../../../src/reference/trace.js";
import { copyAll } from "../../../src/tensor.js";
import { losses, randomImages } from "../../support/engineCases.js";
import { engineNetworks } from "../../support/engineNetworks.js";
import { expectNoRacesIn, interpretStep } from "../../support/interpretedBatch.js";
import { randomParameters } from "../../support/networks.js";
import { cases, seeds } from "../../support/properties.js";
import { boundsOf } from "../../support/textbookTraining.js";

/*
 * The kernels of a batch, run by the interpreter with bounds checks, against the textbook; and again with all parallel loops
 * from the last round to the first, which may not change a bit.
 */

interface Case {
  readonly model: Model;
  readonly images: number;
  readonly spare: number;
  readonly seed: number;
}

const networks: fc.Arbitrary<Case> = fc.record({
  model: fc
    .tuple(engineNetworks, fc.oneof(fc.constant(losses[0]), fc.constantFrom(...losses)))
    .map(([{ spec }, loss]) => defineModel({ ...spec, loss })),
  images: fc.integer({ min: 1, max: 30 }),
  // so many more would have gone into a batch
  spare: fc.integer({ min: 0, max: 10 }),
  seed: seeds,
});

function within(
  what: string,
  actual: ArrayLike<number>,
  exact: ArrayLike<number>,
  bounds: ArrayLike<number>,
) {
  for (let k = 0; k < exact.length; k++) {
    const distance = Math.abs(actual[k] - exact[k]);
    if (!(distance <= bounds[k]))
      throw new Error(`${what}[${k}] is ${actual[k]}, not ${exact[k]}; allowed ${bounds[k]}`);
  }
}

test("random networks: scores and gradients of a step are the textbook's, in any order of what is parallel", () => {
  let compared = 0;
  fc.assert(
    fc.property(networks, ({ model, images, spare, seed }) => {
      const parameters = copyAll(randomParameters(model, seed), "float32");
      const data = randomImages(model, images, seed);
      const indices = Array.from({ length: images }, (_, n) => n);
      const { step, logits, gradients, onKink } = boundsOf(model, parameters, data, indices);
      const actual = interpretStep(model, parameters, data, indices, { size: images + spare });
      within("logits", actual.logits, step.tensors[model.output].data, logits);
      if (!onKink) {
        compared += 1;
        for (const [name, { data }] of Object.entries(parameterGradients(step)))
          within(name, actual.gradients[name], data, gradients[name]);
      }
      const options = { size: images + spare, reversed: true };
      expect(interpretStep(model, parameters, data, indices, options)).toEqual(actual);
    }),
    cases(few(5, 150)),
  );
  expect(compared).toBeGreaterThan(few(1, 3));
});

test("random networks: no invocation reads or writes what another one writes", () => {
  fc.assert(
    fc.property(networks, ({ model, images }) => expectNoRacesIn(model, images)),
    cases(few(5, 100)),
  );
});

describe("networks with norms and dropout", () => {
  const classes = ["a", "b", "c"];
  const normsOn = (size: number) =>
    defineModel({
      input: [3, size, size],
      layers: [
        { type: "conv2d", filters: 5, kernel: 3, padding: 1, bias: false },
        { type: "batchNorm2d" },
        { type: "relu", name: "stem" },
        { type: "conv2d", filters: 5, kernel: 3, padding: 1, bias: false },
        { type: "batchNorm2d" },
        { type: "add", from: ["norm2", "stem"] },
        { type: "relu" },
        { type: "globalAveragePool2d" },
        { type: "batchNorm1d" },
        { type: "dense", units: 3 },
      ],
      classes,
    });
  const dropout = defineModel({
    input: [1, 6, 6],
    layers: [
      { type: "conv2d", filters: 3, kernel: 3 },
      { type: "dropout", rate: 0.4 },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
    classes,
  });

  const dense = defineModel({
    input: [1, 3, 4],
    layers: [
      { type: "flatten" },
      { type: "dense", units: 18 },
      { type: "tanh" },
      { type: "dense", units: 3 },
    ],
    classes,
  });

  const rows: readonly (readonly [string, Model, images: number, spare: number])[] = [
    ["norms", normsOn(few(4, 6)), 21, 0],
    ["norms in a short batch", normsOn(4), 13, 20],
    ...few([], [["norms in a large batch", normsOn(3), 136, 4] as const]),
    ["dropout", dropout, 19, 3],
    ["dense layers, several lanes for a weight", dense, 280, 8],
  ];
  test.each(rows)("%s", (_, model, images, spare) => {
    const parameters = copyAll(randomParameters(model, 5), "float32");
    const data = randomImages(model, images, 5);
    const indices = Array.from({ length: images }, (_, n) => n);
    const options = { size: images + spare, seed: 9 };
    const actual = interpretStep(model, parameters, data, indices, options);

    const x = loadBatch(data.images, model.inputShape, indices, model.normalize, "float64");
    const labels = indices.map((n) => data.labels[n]);
    const step = trace(model, copyAll(parameters, "float64"), x, labels, { seed: 9, step: 1 });
    const close = (what: string, numbers: ArrayLike<number>, exact: ArrayLike<number>, scale = 1) => {
      const largest = Array.from(exact).reduce((a, b) => Math.max(a, Math.abs(b)), scale);
      within(what, numbers, exact, new Float64Array(exact.length).fill(2e-5 * largest));
    };
    close("logits", actual.logits, step.tensors[model.output].data);
    for (const [name, { data }] of Object.entries(parameterGradients(step)))
      close(name, actual.gradients[name], data, 0.01);
    for (const [name, { data }] of Object.entries(nextState(step))) close(name, actual.state[name], data);
    expect(interpretStep(model, parameters, data, indices, { ...options, reversed: true })).toEqual(actual);
    expectNoRacesIn(model, Math.min(images, 24));
  });
});

describe("dense layers in the largest tiles", () => {
  const { denseBusy } = TUNING;
  afterEach(() => {
    TUNING.denseBusy = denseBusy;
  });

  test.each([
    ["inputs that tiles divide, in parts", 128],
    ["a rest of inputs", 21],
  ])("%s: the same numbers, but for the order of sums", (_, pixels) => {
    const model = defineModel({
      input: [1, 1, pixels],
      layers: [
        { type: "flatten" },
        { type: "dense", units: 11 },
        { type: "relu" },
        { type: "dense", units: 3 },
      ],
    });
    const parameters = copyAll(randomParameters(model, 3), "float32");
    const data = randomImages(model, 21, 3);
    const indices = Array.from({ length: 21 }, (_, n) => n);
    const small = interpretStep(model, parameters, data, indices, { size: 32 });
    TUNING.denseBusy = 1;
    const large = interpretStep(model, parameters, data, indices, { size: 32 });
    const close = (actual: ArrayLike<number>, exact: ArrayLike<number>) =>
      within("number", actual, exact, new Float64Array(exact.length).fill(1e-5));
    close(large.logits, small.logits);
    for (const [name, { length }] of Object.entries(small.gradients)) {
      expect(length).toBeGreaterThan(0);
      close(large.gradients[name], small.gradients[name]);
    }
    expectNoRacesIn(model, 32);
  });
});

test.each([12, 300])("a step of %i images goes on unless the loss of one is no finite number", (images) => {
  const model = defineModel({
    input: [1, 2, 2],
    layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
  });
  const parameters = copyAll(randomParameters(model, 3), "float32");
  parameters["fc1.weight"].data.fill(3e38).subarray(4).fill(-3e38); // finite for a black image only
  const indices = Array.from({ length: images }, (_, n) => n);
  const goesOn = (bright: number | undefined) => {
    const data = randomImages(model, images, 3);
    data.images.fill(0);
    if (bright !== undefined) data.images.fill(255, 4 * bright, 4 * bright + 4);
    return interpretStep(model, parameters, data, indices).goesOn;
  };
  expect(goesOn(undefined)).toBe(true);
  for (let bright = 1; bright < images; bright += few(29, 4))
    expect(goesOn(bright), `image ${bright}`).toBe(false);
});
