import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { formatSafetensors, parseSafetensors } from "../../src/formats/safetensors.js";
import {
  defineModel,
  formatModel,
  initialParameters,
  type ModelSpec,
  type NamedTensors,
  parseModel,
  sizeOf,
} from "../../src/index.js";
import { readModel, writeModel } from "../../src/node/index.js";
import { entry, safetensorsFile } from "../support/safetensorsFile.js";
import { smallModel, smallSpec } from "../support/smallModel.js";

const KEY = "unravel.spec";

/** A model file with these tensors and this metadata, which need not be right. */
const file = (parameters: NamedTensors, spec: unknown = smallSpec) =>
  formatSafetensors(parameters, { [KEY]: typeof spec === "string" ? spec : JSON.stringify(spec) });

describe("a model file", () => {
  test("carries spec, classes, normalisation and every weight", () => {
    const { model, parameters } = parseModel(formatModel(smallModel()), "F");
    expect(model.spec).toEqual(smallSpec);
    expect(model.classes).toEqual(["circle", "square", "Dreieck △"]);
    expect(model.normalize).toEqual({ mean: [0.1, 0.2], std: [0.3, 0.4] });
    expect(parameters).toEqual(smallModel().parameters);
  });

  test("says what was left out of the spec", () => {
    const model = defineModel({
      input: [1, 2, 2],
      layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
    });
    const read = parseModel(formatModel({ model, parameters: initialParameters(model, 1) }), "F");
    expect(read.model.spec).toEqual({
      ...model.spec,
      classes: ["0", "1"],
      normalize: { mean: [0], std: [1] },
    });
  });

  test("has PyTorch's names and layouts, and says so", () => {
    const { metadata, tensors } = parseSafetensors(formatModel(smallModel()), "F");
    expect(metadata.format).toBe("pt");
    expect(tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ["conv1.weight", "F32", [3, 2, 3, 2]],
      ["conv1.bias", "F32", [3]],
      ["fc1.weight", "F32", [3, 6]],
      ["fc1.bias", "F32", [3]],
    ]);
  });

  test("weights in float64 and in any order", () => {
    const { parameters } = smallModel();
    const reversed = Object.entries(parameters).reverse();
    const wide = reversed.map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]);
    expect(parseModel(file(Object.fromEntries(wide)), "F").parameters).toEqual(parameters);
  });

  test("weights in float16", () => {
    const spec = {
      input: [1, 1, 1],
      layers: [{ type: "flatten" }, { type: "dense", units: 2, bias: false }],
    };
    const header = {
      "fc1.weight": entry("F16", [2, 1], [0, 4]),
      __metadata__: { [KEY]: JSON.stringify(spec) },
    };
    const { parameters } = parseModel(safetensorsFile(header, [0x00, 0x3c, 0x00, 0xc0]), "F");
    expect(parameters).toEqual({ "fc1.weight": { shape: [2, 1], data: Float32Array.of(1, -2) } });
  });

  test("in a file, whole", async () => {
    const path = join(await temporaryFolder(), "model.safetensors");
    await writeModel(path, smallModel());
    expect((await readModel(path)).parameters).toEqual(smallModel().parameters);
  });
});

/** The small model's parameters with some of them changed, or left out where `undefined`. */
function changed(changes: Record<string, readonly number[] | undefined>): NamedTensors {
  const parameters = { ...smallModel().parameters };
  for (const [name, shape] of Object.entries(changes)) {
    if (shape) parameters[name] = { shape, data: new Float32Array(sizeOf(shape)) };
    else delete parameters[name];
  }
  return parameters;
}

/** The small model's parameters with one value changed. */
function withValue(value: number): NamedTensors {
  const { parameters } = smallModel();
  parameters["fc1.weight"].data[7] = value;
  return parameters;
}

describe("refused model files", () => {
  const { parameters } = smallModel();
  const spec = (changes: object) => ({ ...smallSpec, ...changes });

  test.each<readonly [string, Uint8Array, RegExp]>([
    [
      "no spec",
      formatSafetensors(parameters, { format: "pt" }),
      /^F: it carries no model spec \("unravel.spec" in its metadata\), so it is not a model of unravel/,
    ],
    ["no metadata", formatSafetensors(parameters), /^F: it carries no model spec/],
    ["a spec that is no JSON", file(parameters, "{"), /^F: The model spec is not valid JSON: /],
    ["a spec that is empty", file(parameters, ""), /^F: The model spec is not valid JSON: /],
    ["a spec that is null", file(parameters, null), /^F: A model spec must be an object .*, not null/],
    [
      "a spec without layers",
      file(parameters, spec({ layers: [] })),
      /^F: The model spec: "layers" must be a list/,
    ],
    [
      "a layer that can't be",
      file(parameters, spec({ input: [2, 2, 2] })),
      /^F: Layer 1, conv1: its window reaches/,
    ],
    [
      "a key twice in the spec",
      file(parameters, '{"input":1,"input":2}'),
      /^F: The model spec has the key "input" tw/,
    ],
    [
      "__proto__ in the spec",
      file(parameters, '{"__proto__":{}}'),
      /^F: The model spec: unknown key "__proto__"/,
    ],
    [
      "classes that don't fit",
      file(parameters, spec({ classes: ["a", "b"] })),
      /^F: .* "classes" has 2 names, but/,
    ],
    [
      "std of 0",
      file(parameters, spec({ normalize: { mean: [0, 0], std: [1, 0] } })),
      /^F: .* std must be a list of/,
    ],
    ["a missing weight", file(changed({ "fc1.bias": undefined })), /^F: The parameter fc1.bias is missing/],
    ["no weights", file({}), /^F: The parameter conv1.weight is missing/],
    ["one too many", file(changed({ "fc2.bias": [1] })), /^F: The model has no parameter "fc2.bias"/],
    [
      "one called __proto__",
      file({ ...parameters, ...own("__proto__") }),
      /^F: The model has no parameter "__proto__"/,
    ],
    [
      "one called constructor",
      file({ ...parameters, ...own("constructor") }),
      /has no parameter "constructor"/,
    ],
    ["one with a long name", file(changed({ ["n".repeat(9999)]: [1] })), /has no parameter "n{50,80}…\.$/],
    [
      "another shape",
      file(changed({ "fc1.weight": [6, 3] })),
      /^F: The parameter fc1.weight has shape \[6, 3\], but the model needs \[3, 6\]/,
    ],
    [
      "another rank",
      file(changed({ "conv1.weight": [3, 12] })),
      /^F: The parameter conv1.weight has shape \[3, 12\],/,
    ],
    ["NaN", file(withValue(NaN)), /^F: The parameter fc1.weight holds NaN at number 7/],
    ["infinite", file(withValue(-Infinity)), /^F: The parameter fc1.weight holds -Infinity at number 7/],
    [
      "too large for float32",
      file({ ...parameters, "fc1.bias": big() }),
      /^F: The parameter fc1.bias holds Infinity at/,
    ],
    [
      "weights that are whole numbers",
      safetensorsFile(
        { "fc1.bias": entry("I32", [1], [0, 4]), __metadata__: { [KEY]: JSON.stringify(smallSpec) } },
        new Uint8Array(4),
      ),
      /^F: "fc1.bias" holds I32 values; weights must be F32/,
    ],
    ["damaged", formatModel(smallModel()).subarray(0, -1), /^F: .* damaged or not a safetensors file/],
  ])("%s", (_, bytes, message) => expectInputError(() => parseModel(bytes, "F"), message));

  test("no such file, a folder, a spec", async () => {
    const folder = await temporaryFolder({ "spec.json": JSON.stringify(smallSpec) });
    const none = join(folder, "none.safetensors");
    await expectInputError(() => readModel(none), /\/none.safetensors: there is no such file or folder\.$/);
    await expectInputError(() => readModel(folder), /: it is a folder, not a file\.$/);
    await expectInputError(
      () => readModel(join(folder, "spec.json")),
      /spec.json: its first 8 bytes announce a head/,
    );
    await writeFile(none, "");
    await expectInputError(() => readModel(none), /none.safetensors: it has 0 bytes, fewer than the 8/);
  });

  test.each<readonly [string, NamedTensors, RegExp]>([
    ["a missing weight", changed({ "fc1.bias": undefined }), /^The parameter fc1.bias is missing/],
    ["one too many", changed({ "fc2.bias": [1] }), /^The model has no parameter "fc2.bias"/],
    ["NaN", withValue(NaN), /^The parameter fc1.weight holds NaN/],
  ])("not even written: %s", (_, broken, message) =>
    expectInputError(() => formatModel({ model: smallModel().model, parameters: broken }), message),
  );
});

/** One tensor under a name that assignment would not make a key of its own. */
function own(name: string): NamedTensors {
  return Object.fromEntries([[name, { shape: [1], data: new Float32Array(1) }]]);
}

function big() {
  return { shape: [3], data: Float64Array.of(0, 1e39, 0) };
}

test("a spec that is sound stays what it was", () => {
  const before = JSON.stringify(smallSpec);
  defineModel(smallSpec as ModelSpec);
  expect(JSON.stringify(smallSpec)).toBe(before);
});
