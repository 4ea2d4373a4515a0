import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { oneConv } from "../../src/builtIn.js";
import { explain, followedCells, outcomeOf, traceImage } from "../../src/explain/index.js";
import { defineModel } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { EVALUATION, forward, trace, withUpdate } from "../../src/reference/trace.js";
import { copyAll, largestInRows, tensor } from "../../src/tensor.js";
import { networks } from "../support/networks.js";
import { cases } from "../support/properties.js";
import { residual } from "../support/residual.js";
import { normals } from "../support/values.js";

describe("followed cells", () => {
  test("begin with the largest score, and each took part in the next", () => {
    fc.assert(
      fc.property(networks, fc.integer({ min: 0, max: 1000 }), (model, seed) => {
        const parameters = initialParameters(model, seed, "he", "float64");
        const x = normals([1, ...model.inputShape], seed, "x");
        const step = trace(model, parameters, x, [0], EVALUATION);
        const cells = followedCells(step);
        const outputs = ["x", ...model.layers.map(({ name }) => `${name}.out`)];

        const logits = outputs[outputs.length - 1];
        expect(cells[logits].index).toEqual([0, largestInRows(step.tensors[logits])[0]]);
        for (const [k, { name, parameters }] of model.layers.entries()) {
          const { terms, others } = explain(step, cells[outputs[k + 1]]);
          const factors = [...terms.flatMap(({ factors }) => factors), ...others].flatMap(
            ({ cell }) => cell ?? [],
          );
          const fromInput = factors.filter(({ tensor }) => tensor === outputs[k]);
          // where a number goes into several layers, the last of them decides
          const decides = model.uses.get(outputs[k])?.at(-1)?.layer.name === name;
          if (decides && fromInput.length > 0) expect(fromInput).toContainEqual(cells[outputs[k]]);
          for (const { fullName } of parameters) expect(factors).toContainEqual(cells[fullName]);
        }
        expect(Object.keys(cells).sort()).toEqual(
          [...outputs, ...model.parameters.map(({ fullName }) => fullName)].sort(),
        );
      }),
      cases(few(20, 60)),
    );
  });

  test("of an output that sees nothing but padding: a weight of its own filter", () => {
    const model = defineModel({
      input: [1, 1, 1],
      layers: [
        { type: "conv2d", filters: 2, kernel: 1, padding: [0, 1, 0, 0] },
        { type: "flatten" },
        { type: "dense", units: 2 },
      ],
    });
    const parameters = {
      "conv1.weight": tensor([2, 1, 1, 1], [1, 1], "float64"),
      "conv1.bias": tensor([2], [1, 1], "float64"),
      "fc1.weight": tensor([2, 4], [0, 0, 0, 9, 0, 0, 0, 0], "float64"), // the second filter's, on the border
      "fc1.bias": tensor([2], [0, 0], "float64"),
    };
    const step = trace(model, parameters, tensor([1, 1, 1, 1], [1], "float64"), [0]);
    expect(followedCells(step)).toMatchObject({
      "conv1.out": { index: [0, 1, 0, 1] },
      "conv1.weight": { index: [1, 0, 0, 0] },
      "conv1.bias": { index: [1] },
    });
  });

  test("make one story through a network that goes several ways", () => {
    const model = defineModel(residual);
    for (let seed = 0; seed < 12; seed++) {
      const x = normals([1, ...model.inputShape], seed, "x");
      const step = trace(model, initialParameters(model, seed, "he", "float64"), x, [0]);
      const cells = followedCells(step);
      let tensor = model.output;
      while (tensor !== "x") {
        const { terms, others } = explain(step, cells[tensor]);
        const took = [...terms.flatMap(({ factors }) => factors), ...others].flatMap(
          ({ cell }) => cell ?? [],
        );
        const layer = model.layers.find(({ output }) => output === tensor);
        const inputs = layer?.inputs ?? [];
        // of an addition the larger of the two is followed
        const termOf = (name: string) =>
          terms.find(({ factors: [{ cell }] }) => cell?.tensor === name)?.value;
        tensor =
          inputs.length === 1
            ? inputs[0]
            : Number(termOf(inputs[0])) >= Number(termOf(inputs[1]))
              ? inputs[0]
              : inputs[1];
        expect(took).toContainEqual(cells[tensor]);
      }
    }
  });

  test("of a sum go to the largest term", () => {
    const model = defineModel({
      input: [1, 1, 3],
      layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
    });
    const parameters = {
      "fc1.weight": tensor([2, 3], [1, 1, 1, 5, -9, 2], "float64"),
      "fc1.bias": tensor([2], [0, 100], "float64"),
    };
    const step = trace(model, parameters, tensor([1, 1, 1, 3], [1, 1, 3], "float64"), [0]);
    expect(followedCells(step)).toMatchObject({
      "fc1.out": { index: [0, 1] },
      "fc1.weight": { index: [1, 2] },
      "fc1.bias": { index: [1] },
      x: { index: [0, 0, 0, 2] },
    });
  });
});

describe("the trace of an image", () => {
  const model = defineModel({ ...oneConv({ filters: 2 }), normalize: { mean: [0.1], std: [0.3] } });
  const saved = { model, parameters: initialParameters(model, 3) };
  const image = Uint8Array.from({ length: 784 }, (_, k) => k % 256);

  test("is that of its bytes, normalised, in float64, with an update", () => {
    const x = tensor(
      [1, 1, 28, 28],
      Array.from(image, (byte) => (byte / 255 - 0.1) / 0.3),
      "float64",
    );
    const step = trace(model, copyAll(saved.parameters, "float64"), x, [4], EVALUATION);
    const expected = withUpdate(step, 0.25);
    expect(traceImage(saved, image, { label: 4, learningRate: 0.25 })).toEqual(expected);
  });

  test("takes the answer for right where no label is given, and a learning rate of 0.01", () => {
    const step = traceImage(saved, image);
    expect(step.labels).toEqual([largestInRows(step.tensors.probs)[0]]);
    expect(step.learningRate).toBe(0.01);
  });

  test("refuses an image of another size and a class that there isn't", async () => {
    await expectInputError(() => traceImage(saved, image.subarray(1)), /784 bytes, but 783/);
    for (const label of [-1, 10, 1.5, Number.NaN]) {
      await expectInputError(() => traceImage(saved, image, { label }), /no class .* 10, numbered from 0/);
    }
    await expectInputError(
      () => traceImage(saved, image, { label: [1, 2] }),
      /a list, \[1, 2\], but .* one label/,
    );
  });

  test("tells what its update did", () => {
    const step = traceImage(saved, image, { label: 4, learningRate: 1e-4 });
    const { loss, classes, promised, squares } = outcomeOf(step);
    const updated = Object.fromEntries(
      model.parameters.map(({ fullName }) => [fullName, step.tensors[`new.${fullName}`]]),
    );
    const again = trace(model, updated, step.tensors.x, [4]);
    expect(loss).toEqual({ before: step.loss, after: again.loss });
    expect(classes).toEqual([
      { index: 4, before: step.tensors.probs.data[4], after: again.tensors.probs.data[4] },
    ]);
    expect(promised).toBe(-1e-4 * squares);
    expect(loss.after - loss.before).toBeLessThan(0);
    expect(Math.abs((loss.after - loss.before) / promised - 1)).toBeLessThan(0.2);
    expect(forward(model, updated, step.tensors.x)["fc1.out"]).toEqual(again.tensors["fc1.out"]);
  });
});
