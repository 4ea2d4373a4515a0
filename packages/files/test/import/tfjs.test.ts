import { defineModel, formatModel, type ModelSpec, parseModel, tensor } from "unravel-cnn";
import { expect, test } from "vitest";
import { randomParameters } from "../../../core/test/support/networks.js";
import { normals } from "../../../core/test/support/values.js";
import { exportModel } from "../../src/export/index.js";
import { nearestHalf } from "../../src/export/tfjs/weights.js";
import { importModel } from "../../src/import/index.js";
import { expectClose, importFiles, scoresOf } from "../support/imported.js";
import { entry, importKeras, modelJson, readModelJson, sequential } from "../support/kerasJson.js";
import { expectRefused } from "../support/refused.js";
import { tensorflowPredicts } from "../support/tensorflow.js";

/* Layers models as others than this library write them; and options of the export, as TensorFlow.js takes them. */

const layers = [
  entry("Conv2D", {
    batch_input_shape: [null, 6, 5, 2],
    filters: 3,
    kernel_size: [3, 2],
    activation: "relu",
  }),
  entry("Flatten"),
  entry("Dense", { units: 3 }),
];
const shapes = {
  "conv2d/kernel": [3, 2, 2, 3],
  "conv2d/bias": [3],
  "dense/kernel": [48, 3],
  "dense/bias": [3],
};
const { file, weights } = modelJson(sequential(...layers), shapes);
const x = normals([2, 2, 6, 5], 1, "x");
const images = tensor(x.shape, x.data);

test("what Keras's converter writes: model_config, several shards, weights in groups", async () => {
  const whole = await readModelJson(file, { "weights.bin": weights });
  const [group] = file.weightsManifest as { weights: { name: string; shape: number[] }[] }[];
  const first = 4 * (36 + 3);
  const converted = {
    format: "layers-model",
    generatedBy: "keras v2.15.0",
    convertedBy: "TensorFlow.js Converter v4.17.0",
    modelTopology: { keras_version: "2.15.0", backend: "tensorflow", model_config: file.modelTopology },
    weightsManifest: [
      { paths: ["group1-shard1of1.bin"], weights: group.weights.slice(0, 2) },
      { paths: ["folder/group2-shard1of2.bin", "group2-shard2of2.bin"], weights: group.weights.slice(2) },
    ],
  };
  const read = await readModelJson(converted, {
    "group1-shard1of1.bin": weights.subarray(0, first),
    // cut in the middle of a number
    "group2-shard1of2.bin": weights.subarray(first, first + 101),
    "group2-shard2of2.bin": weights.subarray(first + 101),
  });
  expect(read.parameters).toEqual(whole.parameters);
  expect(read.table).toContainEqual({
    to: "fc1.weight",
    from: "dense/kernel",
    how: "turned to [out, in], with the inputs in our order of channel, row, column",
  });
  const scores = scoresOf(read, images);
  const files = [
    { name: "model.json", bytes: new TextEncoder().encode(JSON.stringify(file)) },
    { name: "w", bytes: weights },
  ];
  expectClose(await tensorflowPredicts(files, images), scores, 1e-5, "TensorFlow.js");
});

test("what the converter makes of Keras 3: weights called as in a .keras file, and those of the optimiser", async () => {
  const whole = await readModelJson(file, { "weights.bin": weights });
  const [group] = file.weightsManifest as { weights: { name: string; shape: number[] }[] }[];
  const places = [
    "layers/conv2d/vars/0",
    "layers/conv2d/vars/1",
    "layers/dense/vars/0",
    "layers/dense/vars/1",
  ];
  const named = group.weights.map((weight, k) => ({ ...weight, name: places[k] }));
  const step = { name: "optimizer/vars/0", shape: [], dtype: "int32" };
  const converted = {
    format: "layers-model",
    generatedBy: "keras v3.9.2",
    convertedBy: "TensorFlow.js Converter v4.22.0",
    modelTopology: { keras_version: "3.9.2", model_config: file.modelTopology },
    weightsManifest: [{ paths: ["group1-shard1of1.bin"], weights: [...named, step] }],
  };
  const bytes = new Uint8Array([...weights, 12, 0, 0, 0]);
  const read = await readModelJson(converted, { "group1-shard1of1.bin": bytes });
  expect(read.parameters).toEqual(whole.parameters);
  expect(read.table.map(({ from }) => from)).toEqual(places);
});

test.each(["uint8", "uint16", "float16"])("weights quantised as %s", async (dtype) => {
  const wide = dtype === "uint8" ? 1 : 2;
  const [group] = file.weightsManifest as { weights: object[] }[];
  const count = weights.length / 4;
  const quantization = {
    dtype,
    min: -0.5,
    scale: 1 / (dtype === "uint8" ? 200 : 60000),
    original_dtype: "float32",
  };
  const manifest = [
    { paths: ["weights.bin"], weights: group.weights.map((weight) => ({ ...weight, quantization })) },
  ];
  const bytes = new Uint8Array(wide * count);
  // of float16 the exponents stay small
  for (let k = 0; k < bytes.length; k++)
    bytes[k] = k % 2 === 1 && dtype === "float16" ? (k * 7) % 60 : (k * 37) % 256;
  const quantised = { ...file, weightsManifest: manifest };
  const read = await readModelJson(quantised, { "weights.bin": bytes });
  const files = [
    { name: "model.json", bytes: new TextEncoder().encode(JSON.stringify(quantised)) },
    { name: "w", bytes },
  ];
  expectClose(await tensorflowPredicts(files, images), scoresOf(read, images), 1e-5, dtype);
});

const spec: ModelSpec = {
  input: [3, 6, 5],
  layers: [
    { type: "conv2d", filters: 4, kernel: 3, padding: [1, 0, 2, 1], stride: [2, 1] },
    { type: "batchNorm2d", momentum: 0.3 },
    { type: "gelu" },
    { type: "flatten" },
    { type: "dense", units: 3 },
  ],
  classes: ["cat", "dog", "stone"],
  normalize: { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 0.5] },
};

function savedAs(spec: ModelSpec) {
  const model = defineModel(spec);
  return parseModel(formatModel({ model, parameters: randomParameters(model as never, 3) }), "test");
}

test.each([
  ["per channel", spec, "DepthwiseConv2D"],
  ["alike", { ...spec, normalize: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } }, "Rescaling"],
] as const)("bytes in, probabilities out; normalisation %s", async (_, spec, className) => {
  const saved = savedAs(spec);
  const files = await exportModel(saved, "tfjs", { pixels: true, softmax: true, name: "net" });
  expect(files.map(({ name }) => name)).toEqual(["net.json", "net.weights.bin"]);
  const { modelTopology, userDefinedMetadata } = JSON.parse(new TextDecoder().decode(files[0].bytes));
  expect(modelTopology.config.layers[1]).toMatchObject({ class_name: className, name: "pixels" });
  expect(userDefinedMetadata.classes).toEqual(spec.classes);
  const bytes = tensor(
    [2, 3, 6, 5],
    Array.from({ length: 180 }, (_, k) => (k * 53) % 256),
  );
  const { mean, std } = saved.model.normalize;
  const inputs = tensor(
    bytes.shape,
    Array.from(bytes.data, (byte, k) => {
      const c = Math.floor(k / 30) % 3;
      return (byte / 255 - mean[c]) / std[c];
    }),
  );
  const scores = tensor([2, 3], scoresOf(saved, inputs));
  const wanted = saved.model.loss.probabilities(scores as never).data;
  expectClose(await tensorflowPredicts(files, bytes), [...wanted], 1e-5, "probabilities");
  // back again: scores of inputs, and what makes inputs of pixels is known
  const back = await importFiles(files);
  expect(back.model.classes).toEqual(spec.classes);
  for (const part of ["mean", "std"] as const)
    expectClose(back.model.normalize[part] as number[], saved.model.normalize[part] as number[], 1e-6, part);
  expectClose(scoresOf(back, inputs), [...scores.data], 1e-5, "imported again");
});

test.each([
  ["f16", 0.002],
  ["int8", 0.05],
] as const)(
  "weights as %s: TensorFlow.js and the import read the same numbers, near the ones that there were",
  async (kind, bound) => {
    const saved = savedAs(spec);
    const files = await exportModel(saved, "tfjs", { weights: kind });
    const inputs = tensor([2, 3, 6, 5], normals([2, 3, 6, 5], 5, "x").data);
    const back = await importFiles(files);
    expect(back.model.normalize).toEqual(saved.model.normalize);
    expect(back.model.layers.map(({ name }) => name)).toEqual(saved.model.layers.map(({ name }) => name));
    const scores = scoresOf(back, inputs);
    expectClose(await tensorflowPredicts(files, inputs), scores, 1e-5, "TensorFlow.js");
    expectClose(scores, scoresOf(saved, inputs), bound, "rounded");
    expect(back.model.layers[1].spec).toEqual({ type: "batchNorm2d", eps: 1e-5, momentum: 0.3 });
    const full = await exportModel(saved, "tfjs");
    expect(files[1].bytes.length).toBe(full[1].bytes.length / (kind === "f16" ? 2 : 4));
  },
);

test("numbers as float16", () => {
  const cases: [number, number][] = [
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [1e9, 0x7bff],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2],
    [2 ** -14, 0x400],
    [2047.5 / 2048, 0x3c00],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ];
  for (const [value, bits] of cases) expect(nearestHalf(value), String(value)).toBe(bits);
});

test("a network that ends in an image's numbers, and one that adds rows in both orders", async () => {
  const specs: ModelSpec[] = [
    { input: [2, 2, 2], layers: [{ type: "relu" }, { type: "flatten" }] },
    {
      input: [2, 2, 2],
      layers: [{ type: "flatten" }, { type: "dense", units: 8 }, { type: "add", from: ["fc1", "flatten1"] }],
    },
  ];
  for (const spec of specs) {
    const saved = savedAs(spec);
    const inputs = tensor([3, 2, 2, 2], normals([3, 2, 2, 2], 5, "x").data);
    const files = await exportModel(saved, "tfjs");
    expectClose(await tensorflowPredicts(files, inputs), scoresOf(saved, inputs), 1e-5, "TensorFlow.js");
    expectClose(scoresOf(await importFiles(files), inputs), scoresOf(saved, inputs), 1e-5, "imported again");
  }
});

test.each(["meanSquaredError", "binaryCrossEntropy"] as const)(
  "the loss %s is kept, also where the network ends in scores",
  async (type) => {
    const back = await importFiles(await exportModel(savedAs({ ...spec, loss: { type } }), "tfjs"));
    expect(back.model.spec.loss).toEqual({ type });
  },
);

test("what is no layers model is refused", async () => {
  const json = (value: unknown) =>
    importModel({ name: "model.json", bytes: new TextEncoder().encode(JSON.stringify(value)) });
  await expectRefused(json({ format: "graph-model", modelTopology: { node: [] } }), /it is a graph model/);
  await expectRefused(
    json({ modelTopology: file.modelTopology, weightsManifest: [] }),
    /its weights lie in files of their own/,
  );
  await expectRefused(json({ input: [1, 2, 3], layers: [] }), /no modelTopology/);
  const paths = [{ paths: [".."], weights: [] }];
  await expectRefused(
    readModelJson({ ...file, weightsManifest: paths }, {}),
    /a file of weights is called "\.\."/,
  );
});

test("names of classes that others keep are taken where they fit", async () => {
  const named = (classes: unknown) =>
    readModelJson({ ...file, userDefinedMetadata: { classes } }, { "weights.bin": weights });
  expect((await named(["a", "b", "c"])).model.classes).toEqual(["a", "b", "c"]);
  const { model, remarks } = await named(["a", "b"]);
  expect(model.classes).toEqual(["0", "1", "2"]);
  expect(remarks.join(" ")).toMatch(/names of classes don't fit its 3 outputs/);
});

test.each([
  [
    "Reshape",
    [
      entry("Reshape", { batch_input_shape: [null, 30], target_shape: [6, 5, 1] }),
      entry("Flatten"),
      entry("Dense", { units: 3, use_bias: false }),
    ],
    { "dense/kernel": [30, 3] },
    [1, 6, 5],
  ],
  [
    "a row",
    [entry("Dense", { batch_input_shape: [null, 30], units: 3, use_bias: false })],
    { "dense/kernel": [30, 3] },
    [1, 1, 30],
  ],
  [
    "an image without channels",
    [entry("Flatten", { batch_input_shape: [null, 6, 5] }), entry("Dense", { units: 3, use_bias: false })],
    { "dense/kernel": [30, 3] },
    [1, 6, 5],
  ],
] as const)("inputs that are no images of channels: %s", async (_, layers, shapes, shape) => {
  const { model, parameters } = await importKeras(sequential(...layers), shapes as never);
  expect(model.inputShape).toEqual(shape);
  expect(parameters["fc1.weight"].shape).toEqual([3, 30]);
});

test("layers of one name in two networks have weights of their own", async () => {
  const inner = (name: string) => ({
    class_name: "Sequential",
    config: {
      name,
      layers: [entry("Dense", { name: "same", units: 4, use_bias: false, batch_input_shape: [null, 4] })],
    },
  });
  const { parameters } = await importKeras(sequential(inner("first"), inner("second")), {
    "second/same/kernel": [4, 4],
    "first/same/kernel": [4, 4],
  });
  const { parameters: swapped } = await importKeras(sequential(inner("second"), inner("first")), {
    "second/same/kernel": [4, 4],
    "first/same/kernel": [4, 4],
  });
  expect(swapped["fc1.weight"]).toEqual(parameters["fc2.weight"]);
  expect(swapped["fc2.weight"]).toEqual(parameters["fc1.weight"]);
  expect(swapped["fc1.weight"]).not.toEqual(parameters["fc1.weight"]);
});

test("a convolution of 1x1 behind a pool with keepdims is a dense layer", async () => {
  const pooled = entry("GlobalAveragePooling2D", { batch_input_shape: [null, 3, 4, 2], keepdims: true });
  const end = [entry("Flatten"), entry("Softmax")];
  const conv = entry("Conv2D", { filters: 3, kernel_size: [1, 1] });
  const shapes = {
    "conv2d/kernel": [1, 1, 2, 3],
    "conv2d/bias": [3],
    "dense/kernel": [2, 3],
    "dense/bias": [3],
  };
  const { "dense/kernel": _kernel, "dense/bias": _bias, ...ofConv } = shapes;
  const asConv = await importKeras(sequential(pooled, conv, ...end), ofConv);
  const { "conv2d/kernel": _k, "conv2d/bias": _b, ...ofDense } = shapes;
  const asDense = await importKeras(sequential(pooled, entry("Dense", { units: 3 }), ...end), ofDense);
  expect(asConv.model.layers.map(({ name }) => name)).toEqual(["gap1", "fc1"]);
  expect(asConv.parameters).toEqual(asDense.parameters);
});
