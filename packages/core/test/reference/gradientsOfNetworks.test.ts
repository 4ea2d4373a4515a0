import fc from "fast-check";
import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { defineModel, type Model } from "../../src/graph/model.js";
import { layerKinds } from "../../src/layers/index.js";
import type { MaxPool2d } from "../../src/layers/maxPool2d.js";
import { softmaxCrossEntropy } from "../../src/losses/softmaxCrossEntropy.js";
import { trace } from "../../src/reference/trace.js";
import type { NamedTensors } from "../../src/tensor.js";
import { maxPooling } from "../support/definitions.js";
import { expectGradient, measuredGradient } from "../support/differences.js";
import { networks, randomParameters, rareLayers } from "../support/networks.js";
import { cases, seeds } from "../support/properties.js";
import { normals } from "../support/values.js";

/*
 * Whole networks of random layers: every gradient in a trace (of each parameter, of each layer's output, of x) is the one
 * that is measured by moving that number, in float64.
 *
 * A ReLU or a max-pool has a kink, where no measurement makes sense, and a network with hundreds of units often has one
 * near. So the measurement watches which way each unit goes, and a network in which a step changes that is passed over.
 * (What happens on a kink is in kinks.test.ts.) The step is small for the same reason; rounding still leaves 1e-11.
 */

const h = 2 ** -13;

/** Which way every unit goes: the sign of each ReLU's input, the winner of each window. */
function ways(model: Model, tensors: NamedTensors): string {
  let text = "";
  for (const { inputs, spec, resolved } of model.layers) {
    const input = tensors[inputs[0]];
    if (spec.type === "relu" || spec.type === "leakyRelu")
      text += Array.from(input.data, (value) => (value > 0 ? "+" : "-")).join("");
    if (spec.type === "maxPool2d") text += maxPooling(resolved as MaxPool2d, input).winners.join();
  }
  return text;
}

/**
 * The loss as a function of one of the tensors `x`, parameters and outputs, and whether a unit changed its way: all layers are run
 * but the one that gives this tensor.
 */
function lossOf(model: Model, given: NamedTensors, moved: string, labels: readonly number[]) {
  const run = () => {
    const tensors = { ...given };
    for (const { kind, resolved, parameters, inputs, output } of model.layers) {
      const own = Object.fromEntries(parameters.map(({ name, fullName }) => [name, tensors[fullName]]));
      if (output !== moved)
        tensors[output] = kind.forward(
          resolved,
          inputs.map((name) => tensors[name]),
          own,
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
    fc.property(networks, fc.integer({ min: 1, max: 3 }), seeds, (model, batch, seed) => {
      const parameters = randomParameters(model, seed);
      const x = normals([batch, ...model.inputShape], seed, "x");
      const labels = Array.from({ length: batch }, (_, n) => (seed + n) % model.classes.length);
      const { loss, tensors } = trace(model, parameters, x, labels);

      const measured: Record<string, Float64Array> = {};
      const outputs = model.layers.map(({ output }) => output);
      for (const name of ["x", ...Object.keys(parameters), ...outputs]) {
        const moving = lossOf(model, tensors, name, labels);
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
    }),
    { ...cases(few(25, 60)), examples: [[defineModel(rareLayers), 2, 1]] },
  );
  expect([...kinds].sort()).toEqual(Object.keys(layerKinds).sort());
  expect(compared).toBeGreaterThan(few(2000, 5000));
});
