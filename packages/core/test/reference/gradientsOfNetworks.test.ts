import fc from "fast-check";
import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { defineModel, type Model } from "../../src/graph/model.js";
import type { BatchNorm } from "../../src/layers/batchStatistics.js";
import { layerKinds } from "../../src/layers/index.js";
import type { Circumstances } from "../../src/layers/layer.js";
import type { MaxPool2d } from "../../src/layers/maxPool2d.js";
import { CEILING } from "../../src/layers/relu6.js";
import { softmaxCrossEntropy } from "../../src/losses/softmaxCrossEntropy.js";
import { contextOf, parametersOf, trace } from "../../src/reference/trace.js";
import type { NamedTensors } from "../../src/tensor.js";
import { maxPooling, normalisation } from "../support/definitions.js";
import { expectGradient, measuredGradient } from "../support/differences.js";
import { circumstances, networks, randomParameters, rareLayers } from "../support/networks.js";
import { cases, seeds } from "../support/properties.js";
import { normals } from "../support/values.js";

/*
 * Whole networks of random layers: every gradient in a trace (of each parameter, of each layer's output, of x) is the one
 * that is measured by moving that number, in float64.
 *
 * A ReLU or a max-pool has a kink, where no measurement makes sense, and a network with hundreds of units often has one
 * near. So the measurement watches which way each unit goes, and a network in which a step changes that is passed over.
 * (What happens on a kink is in kinks.test.ts.) The step is small for the same reason; rounding still leaves 1e-11.
 *
 * Batch normalisation of numbers that hardly differ has no kink, but is as curved as 1 / deviation: where that isn't much
 * larger than the step, as behind a ReLU that is shut for the whole batch, the network is passed over, too.
 */

const h = 2 ** -13;

/** Which way every unit goes: the sign of each ReLU's input, the winner of each window. */
function ways(model: Model, tensors: NamedTensors): string {
  let text = "";
  for (const { inputs, spec, resolved } of model.layers) {
    const input = tensors[inputs[0]];
    if (spec.type === "relu" || spec.type === "leakyRelu")
      text += Array.from(input.data, (value) => (value > 0 ? "+" : "-")).join("");
    if (spec.type === "relu6")
      text += Array.from(input.data, (value) => (value > 0 ? (value < CEILING ? "+" : "^") : "-")).join("");
    if (spec.type === "maxPool2d") text += maxPooling(resolved as MaxPool2d, input).winners.join();
  }
  return text;
}

/** Whether a network in training divides by a deviation so small that steps of h don't measure a slope. */
function isSteep(model: Model, tensors: NamedTensors): boolean {
  return model.layers.some(({ spec, inputs: [input], resolved }) => {
    if (spec.type !== "batchNorm1d" && spec.type !== "batchNorm2d") return false;
    const { eps } = resolved as BatchNorm;
    const { variance } = normalisation(tensors[input]);
    return variance.some((value) => Math.sqrt(value + eps) < 256 * h);
  });
}

/**
 * The loss as a function of one of the tensors `x`, parameters and outputs, and whether a unit changed its way: all layers are run
 * but the one that gives this tensor.
 */
function lossOf(
  model: Model,
  given: NamedTensors,
  moved: string,
  labels: readonly number[],
  circumstances: Circumstances,
) {
  const run = () => {
    const tensors = { ...given };
    for (const layer of model.layers) {
      const { kind, resolved, inputs, output } = layer;
      if (output !== moved)
        tensors[output] = kind.forward(
          resolved,
          inputs.map((name) => tensors[name]),
          parametersOf(layer, tensors),
          contextOf(layer, circumstances),
        );
    }
    return { scores: tensors[model.output], way: ways(model, tensors) };
  };
  const { way } = run();
  const loss = () => {
    const now = run();
    if (now.way !== way) loss.crossedKink = true;
    return softmaxCrossEntropy(now.scores, labels);
  };
  loss.crossedKink = false;
  return loss;
}

test("every gradient of random networks is the measured one", () => {
  const kinds = new Set<string>();
  let compared = 0;
  fc.assert(
    fc.property(
      networks,
      fc.integer({ min: 1, max: 3 }),
      seeds,
      circumstances,
      (model, images, seed, around) => {
        const batch = Math.max(images, model.fewestImages);
        const parameters = randomParameters(model, seed);
        const x = normals([batch, ...model.inputShape], seed, "x");
        const labels = Array.from({ length: batch }, (_, n) => (seed + n) % model.classes.length);
        const { loss, tensors } = trace(model, parameters, x, labels, around);

        fc.pre(around.mode === "evaluation" || !isSteep(model, tensors));

        const measured: Record<string, Float64Array> = {};
        const outputs = model.layers.map(({ output }) => output);
        const learnt = model.parameters.map(({ fullName }) => fullName);
        for (const name of ["x", ...learnt, ...outputs]) {
          const moving = lossOf(model, tensors, name, labels, around);
          measured[name] = measuredGradient(moving, tensors[name].data as Float64Array, h);
          fc.pre(!moving.crossedKink);
        }

        const gradients = Object.keys(tensors).filter((name) => name.startsWith("grad."));
        expect(gradients.sort()).toEqual(
          Object.keys(measured)
            .map((name) => `grad.${name}`)
            .sort(),
        );
        for (const [name, values] of Object.entries(measured)) {
          const computed = tensors[`grad.${name}`];
          expect(computed.shape, name).toEqual(tensors[name].shape);
          expectGradient(`grad.${name}`, computed.data, values, { size: 1 + loss, h });
          compared += values.length;
        }
        for (const { spec } of model.layers) kinds.add(spec.type);
      },
    ),
    {
      ...cases(few(15, 60)),
      examples: [[defineModel(rareLayers), 2, 1, { mode: "training", seed: 0, step: 1 }]],
    },
  );
  expect([...kinds].sort()).toEqual(Object.keys(layerKinds).sort());
  expect(compared).toBeGreaterThan(few(1200, 5000));
});
