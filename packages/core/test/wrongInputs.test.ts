import { describe, test } from "vitest";
import { expectInputError } from "../../../test/support/sentence.js";
import {
  builtIn,
  contactSheet,
  convnet,
  createEngine,
  defineModel,
  describePlan,
  drawPair,
  evaluate,
  explain,
  firstOf,
  fit,
  forward,
  gradcheck,
  initialParameters,
  inputFromPicture,
  lenet5,
  measureCompile,
  measurePeak,
  measureTraining,
  oneConv,
  predict,
  profileModel,
  subset,
  Training,
  tensor,
  trace,
  traceImage,
} from "../src/index.js";
import { fetchDataset, loadData } from "../src/node/index.js";
import { bars, barsNetwork } from "./support/bars.js";
import { createReferenceEngine } from "./support/referenceEngine.js";

/*
 * What a program may give that the types would refuse, or that no types tell apart: each is refused with one sentence before
 * anything is done. JavaScript has no types, so everything is `never` here.
 */

const data = bars(20);
const model = defineModel(barsNetwork);
const parameters = initialParameters(model, 0);
const engine = await createReferenceEngine(barsNetwork);
const [size] = [data.images.length / 20];
const x = tensor([1, ...model.inputShape], new Float32Array(size));

type Case = readonly [what: string, work: () => unknown, message: RegExp];

const given = (value: unknown) => value as never;

const withImages = (images: unknown) => ({ ...data, images }) as never;
const withLabels = (labels: unknown) => ({ ...data, labels }) as never;

const arrays: readonly Case[] = [
  [
    "numbers from 0 to 1 to train on",
    () => fit(engine, withImages(Float32Array.from(data.images, (byte) => byte / 255))),
    /^The data set: images must be a Uint8Array .*, not a Float32Array; make bytes .*Math\.round\(255 \* value\)/,
  ],
  [
    "the same to evaluate",
    () => evaluate(engine, withImages(new Float64Array(data.images))),
    /^The data set: images must be .* not a Float64Array/,
  ],
  [
    "the same to predict",
    () => predict(engine, given(new Float32Array(size))),
    /^Inference: images must be .* not a Float32Array; make bytes/,
  ],
  ["a list to predict", () => predict(engine, given([...data.images])), /images must be .* not an Array\.$/],
  ["an ArrayBuffer", () => engine.logits(given(data.images.buffer)), /not an ArrayBuffer/],
  [
    "words of 16 bits",
    () => fit(engine, withImages(new Uint16Array(data.images))),
    /images must be .* not an? Uint16Array/,
  ],
  ["half an image", () => engine.logits(data.images.subarray(5)), /bytes are not a whole number of images/],
  [
    "labels in a list",
    () => fit(engine, withLabels([...data.labels])),
    /labels must be a Uint8Array .*Uint8Array\.from/,
  ],
  [
    "labels that no byte can hold",
    () => fit(engine, withLabels(Uint16Array.from(data.labels, (_, n) => (n === 3 ? 299 : 0)))),
    /labels are bytes, so that at most 256 classes can be trained .* image 3 is of class 299; a network with more/,
  ],
  [
    "labels of 32 bits",
    () => evaluate(engine, withLabels(new Int32Array(20))),
    /labels must be .* not an Int32Array/,
  ],
  ["no labels", () => fit(engine, withLabels(undefined)), /labels must be a Uint8Array/],
  ["no classes", () => fit(engine, given({ ...data, classes: 4 })), /classes must be a list of names/],
  [
    "a flat shape",
    () => fit(engine, given({ ...data, shape: [36] })),
    /shape must be \[channels, height, width\]/,
  ],
  ["a number for a name", () => fit(engine, given({ ...data, name: 3 })), /name must be a text, not 3/],
  ["no data", () => fit(engine, given(undefined)), /^The data set: it must be an object/],
  [
    "an engine that is still to come",
    () => fit(given(createEngine(barsNetwork)), data),
    /not a Promise; await it first/,
  ],
  ["no engine", () => predict(given(undefined), data.images), /^The first argument must be an engine/],
  ["an image that there isn't", () => subset(data, [3, 20]), /there is no image 20/],
  ["half an image to begin with", () => firstOf(data, 1.5), /the number of images must be a whole number/],
  [
    "a batch without its first dimension",
    () => trace(model, parameters, tensor(model.inputShape, x.data), [0]),
    /one image is \[1, /,
  ],
  [
    "a batch of other numbers",
    () => forward(model, parameters, given({ ...x, data: [...x.data] })),
    /^The batch x: .*not one with an Array/,
  ],
  ["a label too many", () => trace(model, parameters, x, [0, 1]), /a list of 1 class numbers/],
  ["a label without a class", () => trace(model, parameters, x, [99]), /Label 0 is 99/],
  [
    "a parameter without numbers",
    () => engine.setParameters({ ...parameters, "fc1.bias": given(null) }),
    /^The parameter fc1\.bias: it must be a tensor/,
  ],
  [
    "a parameter that has a typo",
    () => engine.setParameters({ ...parameters, "fc1.bais": x }),
    /no parameter "fc1\.bais" \(did you mean "fc1\.bias"\?\)/,
  ],
  ["no parameters", () => engine.setParameters(given(null)), /^The parameters must be an object of tensors/],
  [
    "a parameter that doesn't fill its shape",
    () =>
      engine.setParameters({
        ...parameters,
        "fc1.bias": { ...parameters["fc1.bias"], data: new Float32Array(1) },
      }),
    /^The parameter fc1\.bias: a tensor of shape \[\d\] holds \d numbers, but its data has 1\.$/,
  ],
  [
    "numbers that don't fill a shape",
    () => tensor([2, 3], [1, 2]),
    /^A tensor of shape \[2, 3\] holds 6 numbers, but 2 were given\.$/,
  ],
  [
    "a label without a class to trace",
    () => traceImage({ model, parameters }, data.images.subarray(0, size), { label: 99 }),
    /^There is no class 99: /,
  ],
  ["a shape of letters", () => tensor(given(["2"]), [1, 2]), /must be a list of whole numbers/],
  [
    "numbers as an image to trace",
    () => traceImage({ model, parameters }, given(new Float32Array(size))),
    /images must be/,
  ],
];

const training: readonly Case[] = [
  [
    "epoch",
    () => fit(engine, data, given({ epoch: 1 })),
    /^Training: unknown option "epoch" \(did you mean "epochs"\?\); known are epochs, batchSize/,
  ],
  [
    "an unknown option that is undefined",
    () => fit(engine, data, given({ lr: undefined })),
    /unknown option "lr"; known are/,
  ],
  [
    "a text",
    () => fit(engine, data, given({ epochs: "3" })),
    /^Training: epochs must be a whole number of at least 1, not "3"/,
  ],
  ["no epochs", () => fit(engine, data, { epochs: 0 }), /epochs must be .* not 0/],
  ["null", () => fit(engine, data, given({ batchSize: null })), /batchSize must be .* not null/],
  [
    "a rate as a text",
    () => fit(engine, data, given({ learningRate: "0.1" })),
    /learning rate must be a number .* not "0.1"/,
  ],
  [
    "a schedule",
    () => fit(engine, data, given({ schedule: "onecycle" })),
    /schedule must be "constant", "cosine" or "one-cycle", not "onecycle" \(did you mean "one-cycle"\?\)/,
  ],
  [
    "clip",
    () => fit(engine, data, { clip: 0 }),
    /to clip gradients to must be a number from 1.2e-38 to 3.4e.38, which is what float32 holds, not 0/,
  ],
  [
    "a split as a text",
    () => fit(engine, data, given({ validation: "0.1" })),
    /validation must be a number .* not "0\.1"/,
  ],
  [
    "a seed",
    () => fit(engine, data, { seed: -1 }),
    /seed must be a whole number from 0 to 4,294,967,295, not -1/,
  ],
  [
    "a controller for its signal",
    () => fit(engine, data, given({ signal: new AbortController() })),
    /signal must be an AbortSignal, .* not an AbortController/,
  ],
  [
    "what can't be called",
    () => fit(engine, data, given({ onProgress: {} })),
    /onProgress must be a function/,
  ],
  ["a list of options", () => fit(engine, data, given([1])), /options must be an object, not an Array/],
  [
    "an optimizer that there isn't",
    () => fit(engine, data, given({ optimizer: "adm" })),
    /no optimizer "adm" \(did you mean "adam"\?\); there are sgd, adam, adamw/,
  ],
  [
    "an optimizer's option",
    () => fit(engine, data, given({ optimizer: { type: "sgd", momemtum: 0.5 } })),
    /^The optimizer sgd: unknown option "momemtum" \(did you mean "momentum"\?\)/,
  ],
  [
    "another optimizer's option",
    () => fit(engine, data, given({ optimizer: { type: "adam", momentum: 0.5 } })),
    /^The optimizer adam: unknown option "momentum"; known are beta1/,
  ],
  [
    "an optimizer's number as a text",
    () => fit(engine, data, given({ optimizer: { type: "sgd", momentum: "0.5" } })),
    /momentum must be a number .* not "0.5"/,
  ],
  [
    "nesterov: 1",
    () => fit(engine, data, given({ optimizer: { type: "sgd", nesterov: 1 } })),
    /nesterov must be true or false/,
  ],
  [
    "a number for an optimizer",
    () => fit(engine, data, given({ optimizer: 3 })),
    /^The optimizer must be a name like "sgd"/,
  ],
  [
    "an option of fit for a Training",
    () => Training.open(engine, data, given({ onProgress: () => {} })),
    /^Training: unknown option "onProgress"/,
  ],
  [
    "half a step",
    async () => {
      const open = await Training.open(engine, data);
      try {
        await open.advance(0.5);
      } finally {
        await open.close();
      }
    },
    /steps must be a whole number/,
  ],
  [
    "a second training at the same time",
    async () => {
      const open = await Training.open(engine, data);
      await Training.open(engine, data).finally(() => open.close());
    },
    /^The engine is being trained already/,
  ],
  [
    "a step of a training that has ended",
    async () => {
      const open = await Training.open(engine, data);
      await open.close();
      await open.advance(1);
    },
    /^The training has ended; begin another one\.$/,
  ],
  ["evaluate", () => evaluate(engine, data, given({ batch: 3 })), /^Inference: unknown option "batch"/],
  [
    "predict",
    () => predict(engine, data.images, { batchSize: 0 }),
    /batchSize must be a whole number from 1/,
  ],
  [
    "an order of other images",
    async () => (await engine.startTraining(data, plain)).epoch(Uint32Array.of(20), Float64Array.of(1)),
    /There is no image 20/,
  ],
  [
    "an order in a list",
    async () => (await engine.startTraining(data, plain)).epoch(given([1]), Float64Array.of(1)),
    /as a Uint32Array/,
  ],
  [
    "rates for a few steps",
    async () => (await engine.startTraining(data, plain)).epoch(Uint32Array.of(1, 2, 3), Float64Array.of(1)),
    /of 2 steps needs as many/,
  ],
  [
    "an endless batch",
    () => engine.startTraining(data, given({ batchSize: 2e10, optimizer: "sgd" })),
    /batchSize must be a whole number from 1 to 16,777,216/,
  ],
];
const plain = { batchSize: 2, optimizer: "sgd" as never };

const others: readonly Case[] = [
  [
    "createEngine",
    () => createEngine(barsNetwork, given({ thread: 2 })),
    /^The engine: unknown option "thread" \(did you mean "threads"\?\)/,
  ],
  [
    "an engine's name",
    () => createEngine(barsNetwork, given({ engine: "wasn" })),
    /engine must be "wasm", "webgpu", "reference" or "auto", not "wasn" \(did you mean "wasm"\?\)/,
  ],
  ["strict", () => createEngine(barsNetwork, given({ strict: "yes" })), /strict must be true or false/],
  ["threads", () => createEngine(barsNetwork, given({ threads: "2" })), /number of threads .* not "2"/],
  ["an initialisation", () => createEngine(barsNetwork, given({ init: "hee" })), /init must be "he" or "nor/],
  ["a dtype", () => initialParameters(model, 0, "he", given("float16")), /dtype must be/],
  [
    "one-conv",
    () => oneConv(given({ filter: 2 })),
    /^one-conv: unknown option "filter" \(did you mean "filters"\?\)/,
  ],
  ["lenet5", () => lenet5(given({ filters: 2 })), /^lenet5: unknown option "filters"/],
  ["convnet", () => convnet(given({ classes: 4 })), /^convnet: classes must be a list/],
  [
    "the filters of lenet5",
    () => builtIn("lenet5", { filters: 2 }),
    /^The number of filters can be chosen for one-conv only/,
  ],
  ["a built-in model", () => builtIn("lenet-6"), /no built-in model "lenet-6" \(did you mean "lenet5"\?\)/],
  [
    "a layer",
    () => defineModel(given({ ...barsNetwork, layers: [{ type: "conv2D" }] })),
    /unknown type "conv2D" \(did you mean "conv2d"\?\)/,
  ],
  [
    "trace",
    () => trace(model, parameters, x, [0], given({ inputGradients: true })),
    /^A trace: unknown option/,
  ],
  [
    "traceImage",
    () => traceImage({ model, parameters }, data.images.subarray(0, size), given({ lable: 1 })),
    /did you mean "label"/,
  ],
  [
    "gradcheck",
    () => gradcheck(trace(model, parameters, x, [0]), given({ cell: 1 })),
    /did you mean "cells"/,
  ],
  [
    "explain",
    () => explain(trace(model, parameters, x, [0]), given({ tensor: "conv1.out" })),
    /The index of a cell of conv1\.out must be a list of 4 numbers, not nothing/,
  ],
  [
    "describePlan",
    () => describePlan(barsNetwork, { batchSize: 2e10 }),
    /batchSize must be .* to 16,777,216/,
  ],
  ["measureTraining", () => measureTraining(barsNetwork, { batchSize: 2e10 }), /batchSize must be/],
  ["measurePeak", () => measurePeak({ threads: -1 }), /threads must be a whole number from 0 to 256/],
  ["measurePeak of the textbook", () => measurePeak({ engine }), /^Only a wasm engine has threads/],
  ["measureCompile", () => measureCompile(barsNetwork, given({ batch: 1 })), /unknown option "batch"/],
  [
    "profileModel",
    () => profileModel(barsNetwork, { milliseconds: Number.NaN }),
    /milliseconds must be a number/,
  ],
  [
    "drawPair",
    () => drawPair(0, { trainCount: 1e12, testCount: 0 }),
    /trainCount must be .* to 1,048,576, not 1000000000000/,
  ],
  [
    "contactSheet",
    () => contactSheet(data, given({ order: "klass" })),
    /order must be "class" or "random", not "klass" \(did you/,
  ],
  [
    "inputFromPicture",
    () => inputFromPicture(model, given({ width: 1, height: 1, data: [1, 2, 3, 4] })),
    /must be a Uint8Array or Uint8ClampedArray, not an Array/,
  ],
  ["no picture", () => inputFromPicture(model, given("seven.png")), /^A picture must be an object/],
  ["loadData", () => loadData("digits", given({ traincount: 1 })), /did you mean "trainCount"/],
  ["fetchDataset", () => fetchDataset(given("minst")), /no data set "minst" \(did you mean "mnist"\?\)/],
];

for (const [name, cases] of Object.entries({ arrays, training, others })) {
  describe(`refused: ${name}`, () => {
    test.each(cases)("%s", (_, work, message) => expectInputError(work, message));
  });
}
