import fc from "fast-check";
import {
  convnet,
  defineModel,
  initialParameters,
  lenet5,
  type ModelSpec,
  resnet,
  type SavedModel,
  sizeOf,
  tensor,
} from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { engineNetworks } from "../../../core/test/support/engineNetworks.js";
import { networks, randomParameters, rareLayers } from "../../../core/test/support/networks.js";
import { normals } from "../../../core/test/support/values.js";
import { exportModel, importModel } from "../../dist/index.js";
import { changed, distance, inputOf, runtime, runtimeScores, scoresOf } from "../support/onnx.js";
import { checkOnnx, testWithChecker } from "../support/onnxChecker.js";

/* Networks that are written and read again, and what others make of the file. */

const COUNT = few(12, 300);

/** Random networks of every kind of layer, with weights, the same ones each time. */
const cases: readonly SavedModel[] = [
  defineModel(rareLayers),
  ...fc.sample(fc.oneof(networks, engineNetworks), { seed: 20261127, numRuns: COUNT - 1 }),
].map((drawn, k) => {
  // some with all else that a spec can say
  const [channels] = drawn.inputShape;
  const classes = drawn.classes.map((name) => `class ${name}`);
  const normalize = {
    mean: Array.from({ length: channels }, (_, c) => 0.1 + 0.2 * c),
    std: Array.from({ length: channels }, (_, c) => 0.3 + 0.1 * c),
  };
  const model = defineModel(k % 2 === 0 ? drawn.spec : { ...drawn.spec, classes, normalize });
  const parameters = Object.entries(randomParameters(model as never, k)).map(([name, { shape, data }]) => [
    name,
    tensor(shape, data),
  ]);
  return { model, parameters: Object.fromEntries(parameters) };
});

const bytesOf = async (saved: SavedModel, options: object = {}) =>
  (await exportModel(saved, "onnx", options))[0].bytes;

const imagesFor = ({ model }: SavedModel, count: number, seed: number) =>
  tensor([count, ...model.inputShape], normals([count, ...model.inputShape], seed, "x").data);

test(`${COUNT} random networks come back with the same spec and the same bits`, async () => {
  for (const [k, saved] of cases.entries()) {
    const options = { softmax: k % 3 === 1, pixels: k % 4 > 1 };
    const { model, parameters, table, remarks } = await importModel({
      name: "net.onnx",
      bytes: await bytesOf(saved, options),
    });
    expect(model.spec, `network ${k}`).toEqual({
      ...saved.model.spec,
      classes: saved.model.classes,
      normalize: saved.model.normalize,
    });
    expect(parameters, `network ${k}`).toEqual(saved.parameters);
    expect(table.map(({ to, from, how }) => to === from && how === "as it is")).not.toContain(false);
    expect(table).toHaveLength(Object.keys(parameters).length);
    expect(remarks.join(" ")).not.toContain("doesn't fit");
  }
});

test("images that are flattened at once have their channels where their producer puts them", async () => {
  const model = defineModel({ input: [5, 6, 2], layers: [{ type: "flatten" }, { type: "dense", units: 3 }] });
  const bytes = await bytesOf({ model, parameters: initialParameters(model, 0) });
  const shapeFrom = async (producerName: string) => {
    const without = changed(bytes, (file) => ({ ...file, metadata: [], producerName }));
    return (await importModel({ name: "net.onnx", bytes: without })).model.inputShape;
  };
  expect((await importModel({ name: "net.onnx", bytes })).model.spec).toMatchObject(model.spec);
  expect(await shapeFrom("unravel")).toEqual([5, 6, 2]);
  expect(await shapeFrom("pytorch")).toEqual([5, 6, 2]);
  expect(await shapeFrom("tf2onnx")).toEqual([2, 5, 6]);
});

test("without the spec in the file the graph alone gives the same predictions", async () => {
  for (const [k, saved] of cases.entries()) {
    const bytes = changed(await bytesOf(saved), (file) => ({ ...file, metadata: [] }));
    const imported = await importModel({ name: "net.onnx", bytes });
    const x = imagesFor(saved, 2, k);
    const [mine, theirs] = [scoresOf(saved, x), scoresOf(imported, x)];
    // a Sigmoid at the end is taken for a part of the loss
    const scores =
      imported.model.loss.type === "binaryCrossEntropy" ? imported.model.loss.probabilities(theirs) : theirs;
    expect(distance(scores.data, mine.data), `network ${k}`).toBeLessThan(1e-6);
  }
});

test("a spec in the file that its graph doesn't fit is not believed", async () => {
  const saved = cases[0];
  const other: ModelSpec = { ...saved.model.spec, layers: [{ type: "relu" }, ...saved.model.spec.layers] };
  const bytes = changed(await bytesOf(saved), (file) => ({
    ...file,
    metadata: [{ key: "unravel.spec", value: JSON.stringify(other) }],
  }));
  const imported = await importModel({ name: "net.onnx", bytes });
  expect(imported.remarks.join(" ")).toContain("which its graph doesn't fit");
  const x = imagesFor(saved, 2, 1);
  expect(distance(scoresOf(imported, x).data, scoresOf(saved, x).data)).toBeLessThan(1e-6);
});

testWithChecker("ONNX's checker accepts all of them and finds the shapes of every layer", async () => {
  const files = await Promise.all(cases.map((saved) => bytesOf(saved)));
  for (const [k, { shapes, nodes }] of checkOnnx(files).entries()) {
    const { layers, output, classes } = cases[k].model;
    expect(shapes.scores).toEqual(["batch", classes.length]);
    for (const layer of layers) {
      const shape = shapes[layer.output];
      if (shape && layer.output !== output)
        expect(shape, layer.name).toEqual(["batch", ...layer.outputShape]);
      if (shape) expect(nodes).toContain(layer.name);
    }
    expect(new Set(nodes).size).toBe(nodes.length);
  }
});

const testWithRuntime = (name: string, run: () => Promise<void>) =>
  test(name, async (context) => {
    if (!runtime)
      context.skip("onnxruntime-web is not installed; npm install --no-save onnxruntime-web@1.30.0");
    await run();
  });

describe("in onnxruntime-web", () => {
  testWithRuntime("scores are the textbook's within 1e-5", async () => {
    let largest = 0;
    for (const [k, saved] of cases.entries()) {
      const x = imagesFor(saved, 3, k);
      const scores = await runtimeScores(await bytesOf(saved), x);
      const apart = distance(scores, scoresOf(saved, x).data);
      expect(apart, `network ${k}`).toBeLessThan(1e-5);
      largest = Math.max(largest, apart);
    }
    if (process.env.UNRAVEL_SAY) console.log(`${cases.length} random networks: ${largest}`);
  });

  testWithRuntime("the built-in models, and their probabilities of pixels", async () => {
    const all = { lenet5: lenet5(), convnet: convnet(), resnet: resnet() };
    const small = { lenet5: lenet5(), resnet: resnet({ input: [3, 8, 8] }) };
    for (const [name, spec] of Object.entries(few<object>(small, all) as Record<string, ModelSpec>)) {
      const channels = Array.from({ length: spec.input[0] }, (_, c) => c);
      const mean = channels.map((c) => 0.1307 + 0.1 * c);
      const model = defineModel({
        ...spec,
        normalize: { mean, std: channels.map((c) => 0.3081 - 0.05 * c) },
      });
      const saved = { model, parameters: initialParameters(model, 1) };
      const shape = [2, ...model.inputShape];
      const pixels = Uint8Array.from({ length: 2 * sizeOf(model.inputShape) }, (_, k) => (k * k * 31) % 256);
      const x = inputOf(saved, { shape, data: pixels }, 255);
      const scores = scoresOf(saved, x);
      const plain = distance(await runtimeScores(await bytesOf(saved), x), scores.data);
      const bytes = await bytesOf(saved, { softmax: true, pixels: true });
      const probabilities = model.loss.probabilities(scores);
      const whole = distance(await runtimeScores(bytes, { shape, data: pixels }), probabilities.data);
      expect(Math.max(plain, whole), name).toBeLessThan(1e-5);
      if (process.env.UNRAVEL_SAY)
        console.log(`${name}: ${bytes.length} bytes, ${plain}, with pixels ${whole}`);
    }
  });
});
