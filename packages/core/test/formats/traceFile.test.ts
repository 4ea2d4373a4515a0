import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { few } from "../../../../test/support/long.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { parseCell } from "../../src/cell.js";
import { checkArrays } from "../../src/check/index.js";
import { explain } from "../../src/explain/index.js";
import { formatNpz, parseNpz } from "../../src/formats/npz.js";
import {
  formatTraceJson,
  formatTraceNpz,
  parseTraceJson,
  parseTraceNpz,
} from "../../src/formats/traceFile.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import type { Circumstances } from "../../src/layers/layer.js";
import { shapesOfTrace } from "../../src/reference/names.js";
import { type Trace, tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { tensor } from "../../src/tensor.js";
import { runPython, testWithNumpy } from "../support/numpy.js";
import { cases } from "../support/properties.js";
import { smallModel } from "../support/smallModel.js";
import { traces } from "../support/traces.js";

const smallEnd: ModelSpec["layers"] = [{ type: "flatten" }, { type: "dense", units: 2 }];

function smallStep(pixel = 0.3): Trace {
  const { model, parameters } = smallModel();
  const x = tensor(
    [2, 2, 5, 4],
    Array.from({ length: 80 }, (_, k) => pixel + k / 7),
  );
  return withUpdate(trace(model, parameters, x, [2, 0]), 0.1);
}

/** What must come back: everything, and the same functions of the same layers. */
function expectSame(read: Trace, step: Trace): void {
  expect(tensorsOf(read)).toEqual(tensorsOf(step));
  expect([read.loss, read.learningRate, [...Array.from(read.labels)]]).toEqual([
    step.loss,
    step.learningRate,
    [...Array.from(step.labels)],
  ]);
  const modal = step.model.layers.some(({ kind }) => kind.looksAtContext);
  if (modal) expect(read.circumstances).toEqual(step.circumstances);
  expect(read.model.layers.map(({ name }) => name)).toEqual(step.model.layers.map(({ name }) => name));
}

describe.each(["float32", "float64"] as const)("traces in %s come back as they were", (dtype) => {
  test("from JSON", () => {
    fc.assert(
      fc.property(traces(dtype), (step) => expectSame(parseTraceJson(formatTraceJson(step), "t.json"), step)),
      cases(few(12, 40)),
    );
  });

  test("from .npz", () => {
    fc.assert(
      fc.property(traces(dtype), (step) =>
        expectSame(parseTraceNpz(step.model, formatTraceNpz(step), "t.npz", step.circumstances), step),
      ),
      cases(few(12, 40)),
    );
  });
});

test("the names and shapes of the contract are those of a trace", () => {
  fc.assert(
    fc.property(traces("float32"), (step) => {
      const [images] = step.tensors.x.shape;
      const found = Object.entries(tensorsOf(step)).map(([name, { shape }]) => [name, shape]);
      expect(Object.fromEntries(found)).toEqual(
        shapesOfTrace(step.model, images, step.labels.length > images),
      );
    }),
    cases(few(10, 20)),
  );
});

test("JSON is nested like the addresses, knows the classes, and keeps what is no finite number", () => {
  const { model, ...step } = smallStep(Infinity);
  const text = formatTraceJson({ model, ...step });
  const json = JSON.parse(text);
  const cell = parseCell("conv1.weight[2, 1, 0, 1]");
  const value = cell.index.reduce((list, position) => list[position], json.tensors[cell.tensor]);
  expect(Math.fround(value)).toBe(explain({ model, ...step }, cell).value);
  expect(String(value).length).toBeLessThan(13);
  expect(json.tensors.x[0][0][0][0]).toBe("Infinity");
  expect(json.tensors.probs[0][0]).toBe("NaN");
  expect(json.model.classes).toEqual(model.classes);
  expect(text.split("\n")).toHaveLength(Object.keys(json.tensors).length + 7);
  expectSame(parseTraceJson(text, "t.json"), { model, ...step });
});

describe("the circumstances of a trace in JSON", () => {
  const written = (layers: ModelSpec["layers"], circumstances: Partial<Circumstances>) => {
    const model = defineModel({ input: [1, 2, 2], layers: [...layers, ...smallEnd] });
    const x = tensor([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 9]);
    const step = trace(model, initialParameters(model, 1), x, [0, 1], circumstances);
    const { dtype, tensors, model: _, ...rest } = JSON.parse(formatTraceJson(step));
    return rest;
  };

  test("are written where a layer looks at them", () => {
    const evaluation = { mode: "evaluation", seed: 0, step: 1 } as const;
    expect(written([{ type: "batchNorm2d" }], evaluation)).toEqual({ circumstances: evaluation });
    expect(written([{ type: "dropout" }], { seed: 7, step: 3 })).toEqual({
      circumstances: { mode: "training", seed: 7, step: 3 },
    });
  });

  test("are left out where they are the usual ones, or matter to no layer", () => {
    expect(written([{ type: "batchNorm2d" }, { type: "dropout" }], {})).toEqual({});
    expect(written([{ type: "relu" }], { mode: "evaluation", seed: 7 })).toEqual({});
  });
});

describe("the circumstances of a trace in .npz", () => {
  const stepWith = (layers: ModelSpec["layers"], circumstances: Partial<Circumstances>) => {
    const model = defineModel({ input: [1, 2, 2], layers: [...layers, ...smallEnd] });
    const x = tensor([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 9]);
    return trace(model, initialParameters(model, 1), x, [0, 1], circumstances);
  };
  const said = (bytes: Uint8Array) =>
    Object.fromEntries(
      Object.entries(parseNpz(bytes, "t.npz"))
        .filter(([name]) => name.startsWith("circumstances."))
        .map(([name, { shape, data }]) => [name, [shape.length, data[0]]]),
    );

  test("are arrays where a layer looks at them, and come back whatever the reader takes for usual", () => {
    const step = stepWith([{ type: "dropout" }], { mode: "evaluation", seed: 0xffffffff, step: 2 ** 40 });
    const bytes = formatTraceNpz(step);
    expect(said(bytes)).toEqual({
      "circumstances.training": [0, 0],
      "circumstances.seed": [0, 0xffffffff],
      "circumstances.step": [0, 2 ** 40],
    });
    expect(parseTraceNpz(step.model, bytes, "t.npz").circumstances).toEqual(step.circumstances);
    const training = formatTraceNpz(stepWith([{ type: "batchNorm2d" }], {}));
    expect(said(training)["circumstances.training"]).toEqual([0, 1]);
  });

  test("are left out where they matter to no layer; then what is usual holds", () => {
    const step = stepWith([{ type: "relu" }], { mode: "evaluation" });
    const bytes = formatTraceNpz(step);
    expect(said(bytes)).toEqual({});
    const usual = (images: number) => ({ mode: "training", seed: images, step: 3 }) as const;
    expect(parseTraceNpz(step.model, bytes, "t.npz", usual).circumstances).toEqual(usual(2));
  });

  test("are refused where they are in part, or no such numbers; the check goes by what it sees", async () => {
    const step = stepWith([{ type: "batchNorm2d" }], {});
    const arrays = parseNpz(formatTraceNpz(step), "t.npz");
    const { "circumstances.seed": _seed, ...rest } = arrays;
    const read = (some: typeof arrays) => () => parseTraceNpz(step.model, formatNpz(some), "t.npz");
    const one = (value: number) => ({ shape: [], data: Float64Array.of(value), dtype: "float64" });
    await expectInputError(read(rest), /^t\.npz: circumstances\.seed is missing; it must be one number/);
    await expectInputError(
      read({ ...arrays, "circumstances.training": one(2) }),
      /^t\.npz: circumstances\.training is 2; it must be 1 for a step of a training, or 0 for evaluation\.$/,
    );
    await expectInputError(
      read({ ...arrays, "circumstances.step": one(1.5) }),
      /^t\.npz: Its circumstances: step must be/,
    );
    const report = checkArrays(arrays, { model: step.model.spec });
    expect([report.agrees, report.unknownNames]).toEqual([true, []]);
  });
});

testWithNumpy("NumPy opens a trace", async () => {
  const step = smallStep();
  const folder = await temporaryFolder();
  const file = join(folder, "trace.npz");
  writeFileSync(file, formatTraceNpz(step));
  const printed = runPython(
    "import json, sys, numpy as np\nt = np.load(sys.argv[1])\n" +
      "print(json.dumps({n: [str(t[n].dtype), t[n].shape, t[n].ravel().tolist()] for n in t.files}))",
    file,
  );
  const dtypes: Record<string, string> = { y: "int32", loss: "float64", lr: "float64" };
  const expected = Object.entries(tensorsOf(step)).map(([name, { shape, data }]) => [
    name,
    [dtypes[name] ?? "float32", shape, [...data]],
  ]);
  expect(Object.entries(JSON.parse(printed))).toEqual(expected);
});

describe("files that are no trace", () => {
  const step = smallStep();
  const { model } = step;
  const json = () => JSON.parse(formatTraceJson(step));
  const arrays = tensorsOf(step);

  test.each<[string, (j: ReturnType<typeof json>) => unknown, RegExp]>([
    ["not an object", () => null, /it is not a trace: it must have "model", "dtype"/],
    ["no model", (j) => ({ ...j, model: undefined }), /it must have "model"/],
    [
      "a bad model",
      (j) => ({ ...j, model: { ...j.model, input: 3 } }),
      /^t\.json: The model spec: "input" must be/,
    ],
    [
      "circumstances that can't be",
      (j) => ({ ...j, circumstances: { mode: "test" } }),
      /^t\.json: Its circumstances: mode must be "training" or "evaluation", not "test"/,
    ],
    [
      "circumstances nobody knows",
      (j) => ({ ...j, circumstances: { epoch: 3 } }),
      /^t\.json: Its circumstances: unknown option "epoch"; known are mode, seed, step\.$/,
    ],
    ["circumstances of nothing", (j) => ({ ...j, circumstances: null }), /must be an object, not null/],
    ["another dtype", (j) => ({ ...j, dtype: "int8" }), /float32 or float64/],
    [
      "a ragged list",
      (j) => ({ ...j, tensors: { ...j.tensors, x: [[1, 2], [3]] } }),
      /"x" must be nested lists of numbers/,
    ],
    ["a text among the numbers", (j) => ({ ...j, tensors: { ...j.tensors, y: [0, "1"] } }), /but holds "1"/],
    ["no list", (j) => ({ ...j, tensors: { ...j.tensors, "conv1.bias": null } }), /but holds null/],
    ["no images", (j) => ({ ...j, tensors: { ...j.tensors, x: [], y: [] } }), /its x holds no images/],
    ["no x", (j) => ({ ...j, tensors: { y: [1] } }), /it has no x, the images/],
    ["a single number for x", (j) => ({ ...j, tensors: { ...j.tensors, x: 1 } }), /x has shape \[\]/],
    [
      "a class too many",
      (j) => ({ ...j, tensors: { ...j.tensors, y: [0, 3] } }),
      /y holds 3, but the classes are 0 to 2/,
    ],
    ["half a class", (j) => ({ ...j, tensors: { ...j.tensors, y: [0, 0.5] } }), /y holds 0\.5/],
    [
      "an unknown tensor",
      (j) => ({ ...j, tensors: { ...j.tensors, "conv2.out": [1] } }),
      /a trace of this network has no "conv2\.out"/,
    ],
    [
      "a name twice",
      (j) => ({ ...j, tensors: { ...j.tensors, "conv.out": [1] } }),
      /it has conv1\.out twice, also as conv\.out/,
    ],
    [
      "a shape of another network",
      (j) => ({ ...j, tensors: { ...j.tensors, "fc1.bias": [1] } }),
      /fc1\.bias has shape \[1\], but in a trace of this network it is \[3\]/,
    ],
    ["no probs", ({ tensors: { probs, ...rest }, ...j }) => ({ ...j, tensors: rest }), /it has no probs/],
  ])("%s", async (_, change, message) => {
    await expectInputError(() => parseTraceJson(JSON.stringify(change(json())), "t.json"), message);
  });

  test("lists in lists without end", async () => {
    const text = `{"model": ${JSON.stringify(json().model)}, "dtype": "float64", "tensors": {"x": ${"[".repeat(1e5)}${"]".repeat(1e5)}}}`;
    await expectInputError(() => parseTraceJson(text, "t.json"), /^t\.json: "x" must be nested lists/);
  });

  test("no JSON", async () => {
    await expectInputError(() => parseTraceJson('{"model":', "t.json"), /^t\.json: it is not valid JSON/);
  });

  test("a .npz with arrays of something else", async () => {
    await expectInputError(
      () => parseTraceNpz(model, formatNpz({ x: arrays.x, z: arrays.y }), "t.npz"),
      /^t\.npz: a trace of this network has no "z"/,
    );
    await expectInputError(() => parseTraceNpz(model, new Uint8Array(3), "t.npz"), /^t\.npz: /);
  });

  test("without gradients, without numbers where there is one of a kind: that is a trace", () => {
    const { "conv1.out": out, ...rest } = Object.fromEntries(
      Object.entries(arrays).filter(([name]) => !/^(grad|new|lr)/.test(name)),
    );
    const read = parseTraceNpz(model, formatNpz({ ...rest, "conv.out": out }), "t.npz");
    expect(read.tensors["conv1.out"]).toEqual(out);
    expect(read.tensors).not.toHaveProperty("grad.x");
    expect(read.learningRate).toBeUndefined();
  });
});
