import fc from "fast-check";
import {
  defineModel,
  formatModel,
  type ModelSpec,
  parseModel,
  type SavedModel,
  type Tensor,
} from "unravel-cnn";
import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { engineNetworks } from "../../../core/test/support/engineNetworks.js";
import { networks, randomParameters } from "../../../core/test/support/networks.js";
import { normals } from "../../../core/test/support/values.js";
import { exportModel } from "../../src/export/index.js";
import { expectClose, importFiles, scoresOf } from "../support/imported.js";
import { tensorflowPredicts } from "../support/tensorflow.js";

/* What is exported, TensorFlow.js itself loads and computes; what it computes is compared, and what comes back from the file. */

/** The network with weights as a file keeps them. */
function saved(spec: ModelSpec, seed = 1): SavedModel {
  const model = defineModel(spec);
  return parseModel(formatModel({ model, parameters: randomParameters(model as never, seed) }), "test");
}

function imagesFor({ model }: SavedModel, count: number, seed = 7): Tensor {
  const { shape, data } = normals([count, ...model.inputShape], seed, "x");
  return { shape, data: Float32Array.from(data) };
}

async function compare(spec: ModelSpec, seed: number): Promise<ReturnType<typeof importFiles>> {
  const original = saved(spec, seed);
  const files = await exportModel(original, "tfjs");
  const x = imagesFor(original, 2, seed);
  const wanted = scoresOf(original, x);
  const what = JSON.stringify(spec);
  expectClose(await tensorflowPredicts(files, x), wanted, 1e-5, `TensorFlow.js, ${what}`);
  const back = await importFiles(files);
  expect(back.model.inputShape).toEqual(original.model.inputShape);
  expectClose(scoresOf(back, x), wanted, 1e-5, `imported again, ${what}`);
  return back;
}

test("padding that never wins around negative numbers, and GELU with tanh, come back as they were", async () => {
  const layers = [
    { type: "maxPool2d", size: 3, stride: 2, padding: [2, 0, 1, 2] },
    { type: "conv2d", filters: 3, kernel: 2 },
    { type: "gelu", approximate: "tanh" },
    { type: "maxPool2d", size: [2, 3], stride: 1, padding: [1, 0, 0, 2] },
    { type: "add", from: ["pool2", "pool2"] },
    { type: "flatten" },
    { type: "gelu", approximate: "tanh" },
    { type: "dense", units: 4 },
  ] as const;
  const { model } = await compare({ input: [2, 8, 8], layers }, 3);

  const spec = (one: object) => ({ ...one, padding: "padding" in one ? one.padding : undefined });
  expect(model.spec.layers.map(spec)).toEqual(
    [...layers.slice(0, 4), { type: "add", from: ["pool2", "pool2"] }, ...layers.slice(5)].map((one) => ({
      ...spec(one),
      ...(one.type === "dense" && { bias: true }),
    })),
  );
});

test.each([
  ["networks", networks.map(({ spec }) => spec)],
  ["engineNetworks", engineNetworks.map(({ spec }) => spec)],
])(
  "random %s: the same predictions in TensorFlow.js, and after a round trip",
  async (_, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.nat(), async (spec, seed) => {
        await compare(spec, seed);
      }),
      { numRuns: few(8, 150), seed: 5 },
    );
  },
  600_000,
);
