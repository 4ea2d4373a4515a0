import fc from "fast-check";
import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import type { Model } from "../../src/graph/model.js";
import type { MaxPool2d } from "../../src/layers/maxPool2d.js";
import { softmaxCrossEntropy } from "../../src/losses/softmaxCrossEntropy.js";
import { forward, trace } from "../../src/reference/trace.js";
import type { NamedTensors, Tensor } from "../../src/tensor.js";
import { maxPooling } from "../support/definitions.js";
import { expectGradient, measuredGradient } from "../support/differences.js";
import { networks, randomParameters } from "../support/networks.js";
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

/** A model from layer `first` on. */
function rest(model: Model, first: number): Model {
  return { ...model, layers: model.layers.slice(first) };
}

/** Which way every unit goes: the sign of each ReLU's input, the winner of each window. */
function ways(model: Model, outputs: NamedTensors, x: Tensor): string {
  let input = x;
  let text = "";
  for (const { name, spec, resolved } of model.layers) {
    if (spec.type === "relu") text += Array.from(input.data, (value) => (value > 0 ? "+" : "-")).join("");
    if (spec.type === "maxPool2d") text += maxPooling(resolved as MaxPool2d, input).winners.join();
    input = outputs[`${name}.out`];
  }
  return text;
}

/** The loss as a function of what goes into a model, or of its parameters, and whether a unit changed its way. */
function lossOf(model: Model, parameters: NamedTensors, x: Tensor, labels: readonly number[]) {
  const last = model.layers.at(-1);
  const run = () => {
    const outputs = forward(model, parameters, x);
    return { scores: last ? outputs[`${last.name}.out`] : x, way: ways(model, outputs, x) };
  };
  const { way } = run();
  const loss = () => {
    const moved = run();
    if (moved.way !== way) loss.crossedKink = true;
    return softmaxCrossEntropy(moved.scores, labels);
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
      const whole = lossOf(model, parameters, x, labels);
      for (const [name, { data }] of Object.entries({ x, ...parameters })) {
        measured[name] = measuredGradient(whole, data as Float64Array, h);
        fc.pre(!whole.crossedKink);
      }
      for (const [index, { name }] of model.layers.entries()) {
        const output = tensors[`${name}.out`];
        const onwards = lossOf(rest(model, index + 1), parameters, output, labels);
        measured[`${name}.out`] = measuredGradient(onwards, output.data as Float64Array, h);
        fc.pre(!onwards.crossedKink);
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
    cases(few(25, 60)),
  );
  expect([...kinds].sort()).toEqual(["conv2d", "dense", "flatten", "maxPool2d", "relu"]);
  expect(compared).toBeGreaterThan(few(2000, 5000));
});
