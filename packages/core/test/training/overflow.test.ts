import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engine/index.js";
import { FailureError } from "../../src/errors.js";
import { gradcheck } from "../../src/explain/gradcheck.js";
import { renderReport } from "../../src/explain/report/index.js";
import { traceImage } from "../../src/explain/traceImage.js";
import { defineModel } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { trace } from "../../src/reference/trace.js";
import { copyAll, type NamedTensors, tensor } from "../../src/tensor.js";
import { evaluate, predict } from "../../src/training/evaluate.js";
import { checkTrace } from "../../src/training/overflow.js";
import { bars, barsNetwork } from "../support/bars.js";
import { processorEngines } from "../support/processorEngines.js";

/* Weights that are finite, and so large that what is computed with them isn't; or only just is. */

const model = defineModel(barsNetwork);
const data = bars(5);

function parametersTimes(factor: number): NamedTensors {
  const parameters = initialParameters(model, 0);
  for (const { data } of Object.values(parameters)) for (let k = 0; k < data.length; k++) data[k] *= factor;
  return parameters;
}

function allOf(value: number): NamedTensors {
  const parameters = initialParameters(model, 0);
  for (const { data } of Object.values(parameters)) data.fill(value);
  return parameters;
}

const beyond =
  "(conv1|fc1) gives numbers beyond 3\\.4e\\+38, the largest that float32 holds, because weights are far too large " +
  "\\(conv1.weight up to \\S+\\); train the network again, with a lower learning rate\\.$";

describe.each(processorEngines)(
  "%s: scores that overflow are said, with the layer and the largest weight",
  (name) => {
    test.each([
      ["1e24 times what they should be", parametersTimes(1e24)],
      ["3e38, each of them", allOf(3e38)],
    ])("%s", async (_, parameters) => {
      const engine = await createEngine(barsNetwork, { engine: name, threads: 0, parameters });
      const one = predict(engine, data.images.subarray(0, 100));
      await expect(one).rejects.toThrow(FailureError);
      await expect(one).rejects.toThrow(new RegExp(`^The scores overflow: ${beyond}`));
      await expect(evaluate(engine, data)).rejects.toThrow(
        new RegExp(`^The scores of image 0 overflow: ${beyond}`),
      );
      await engine.close();
    });

    test("and the image is named that makes them", async () => {
      const engine = await createEngine(barsNetwork, {
        engine: name,
        threads: 0,
        parameters: parametersTimes(1e21),
      });
      const images = data.images.slice();
      images.fill(0, 0, 300); // the first three are black, and there are no biases
      await expect(predict(engine, images)).rejects.toThrow("The scores of image 3 overflow");
      await engine.close();
    });
  },
);

describe("huge but finite is no failure", () => {
  test.each([1e15, 1e18])("weights of %f predict and are evaluated", async (factor) => {
    const engine = await createEngine(barsNetwork, { threads: 0, parameters: parametersTimes(factor) });
    const [{ probability }] = await predict(engine, data.images);
    expect(probability).toBe(1);
    expect(Number.isFinite((await evaluate(engine, data)).loss)).toBe(true);
    await engine.close();
  });

  test.each([
    ["1e15", parametersTimes(1e15)],
    ["1e18", parametersTimes(1e18)],
    ["1e24", parametersTimes(1e24)],
    ["3e38", allOf(3e38)],
  ])("a report is written, of weights of %s", (_, parameters) => {
    for (const label of [0, 1, 2, 3]) {
      const step = traceImage({ model, parameters }, data.images.subarray(0, 100), { label });
      checkTrace(step);
      const page = renderReport({
        trace: step,
        imageName: "a",
        modelName: "b",
        trained: true,
        labelKnown: true,
      });
      expect(page.replaceAll(/base64,[^"]*/g, "")).not.toMatch(/NaN|Infinity|e\+\d/);
    }
  });
});

test("a trace that overflows says where", () => {
  const parameters = copyAll(allOf(3e38), "float64");
  parameters["fc1.weight"].data.fill(1e300);
  const step = trace(
    model,
    parameters,
    tensor([1, 1, 10, 10], new Float64Array(100).fill(1), "float64"),
    [0],
  );
  expect(() => checkTrace(step)).toThrow(FailureError);
  expect(() => checkTrace(step)).toThrow(
    /^fc1\.out overflows: fc1 gives numbers beyond 1\.8e\+308, the largest that float64 holds, .*\(fc1\.weight up to 1\.0e\+300\)/,
  );
});

test("gradients that can't be measured, because scores are huge, aren't called wrong", async () => {
  const x = tensor([1, 1, 10, 10], data.images.subarray(0, 100), "float64");
  const step = trace(model, copyAll(allOf(3e38), "float64"), x, [0]);
  await expect(gradcheck(step)).rejects.toThrow(
    /^The gradients can't be checked: the scores are as large as \S+, and beyond 100000 .*; give the network smaller weights\.$/,
  );
});
