import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineModel, initialParameters, losses, type ModelSpec, parseModel, textbook } from "unravel-cnn";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { few } from "../../../../test/support/long.js";
import { testIfPresent } from "../../../../test/support/needs.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { PYTHON, testWithNumpy } from "../../../core/test/support/numpy.js";
import { cLayers } from "../../src/export/c/layers.js";
import { exportFormats, exportModel } from "../../src/export/index.js";
import { numpyLayers } from "../../src/export/numpy/layers.js";
import { torchLayers } from "../../src/export/pytorch/layers.js";
import { cPrefix } from "../../src/export/source/c.js";
import { programCases, runs } from "../support/programs.js";

const FORMATS = ["numpy", "pytorch", "c"] as const;

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

const spec: ModelSpec = {
  input: [1, 2, 2],
  layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
};

function saved(more: Partial<ModelSpec> = {}) {
  const model = defineModel({ ...spec, ...more });
  return { model, parameters: initialParameters(model, 1) };
}

test("every layer and every loss has its lines in every format", async () => {
  for (const table of [numpyLayers, torchLayers, cLayers]) {
    expect(Object.keys(table).sort()).toEqual(Object.keys(textbook).sort());
  }
  for (const type of Object.keys(losses)) {
    for (const format of FORMATS) {
      const [{ bytes }] = await exportModel(saved({ loss: { type } }), format);
      expect(bytes.length).toBeGreaterThan(1000);
    }
  }
});

test("no line of a program is longer than 99 characters, however long names are", async () => {
  const long = (k: number) => `${"a_long_name_".repeat(6).slice(0, 63)}${k}`;
  const named: ModelSpec = {
    input: [1, 5, 5],
    layers: [
      { type: "conv2d", filters: 3, kernel: 3, padding: [1, 2, 1, 0], stride: [1, 2], name: long(1) },
      { type: "relu", name: long(2) },
      { type: "batchNorm2d", name: long(3) },
      { type: "add", from: [long(1), long(2), long(3), long(2)], name: long(4) },
      { type: "concat", from: [long(1), long(2), long(3), long(4), long(2)], name: long(5) },
      { type: "flatten" },
      { type: "dense", units: 3, name: long(6) },
    ],
  };
  const cases = [...programCases(few(3, 300)), ...[named].map((spec) => ({ ...saved(spec) }))];
  for (const one of cases) {
    for (const format of FORMATS) {
      const files = await exportModel(one, format, { name: "net" });
      for (const { name, bytes } of files.filter(({ name }) => /\.(py|h)$/.test(name))) {
        const lines = text(bytes).split("\n");
        expect(
          lines.filter((line) => line.length > 99),
          `${format} ${name}`,
        ).toEqual([]);
        expect(
          lines.filter((line) => /\s$/.test(line)),
          `${format} ${name}`,
        ).toEqual([]);
      }
    }
  }
});

test("a program says how its trace is checked, where it can be", async () => {
  const program = async (more: Partial<ModelSpec>) =>
    text((await exportModel(saved(more), "numpy"))[0].bytes);
  const ways: ModelSpec["layers"] = [
    { type: "flatten" },
    { type: "add", from: ["flatten1", "flatten1"] },
    { type: "dense", units: 2 },
  ];
  expect(await program({})).toContain('unravel check trace.npz")');
  expect(await program({ layers: ways })).toContain('unravel check trace.npz --model MODEL")');
  const smoothed = await program({ loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 } });
  expect(smoothed).toContain('print("Saved trace.npz.")');
});

test("a program is told from one that somebody has changed", async () => {
  for (const format of FORMATS) {
    const { isOurs } = exportFormats[format];
    const [{ bytes }] = await exportModel(saved(), format);
    const head = latin1(bytes);
    expect(isOurs(head, head.slice(-64)), format).toBe(true);
    for (const changed of [
      head.replace("network", "Network"),
      `${head}\n`,
      head.slice(0, -1),
      head.slice(1),
      "",
    ]) {
      expect(isOurs(changed, changed.slice(-64)), format).toBe(false);
    }
    for (const other of FORMATS.filter((name) => name !== format)) {
      expect(exportFormats[other].isOurs(head, head.slice(-64)), `${format} ${other}`).toBe(false);
    }
  }
});

test("PyTorch's weights are a model file", async () => {
  const one = saved({ classes: ["cat", "dog"] });
  const [, { name, bytes }] = await exportModel(one, "pytorch", { name: "net" });
  expect(name).toBe("net.weights.safetensors");
  expect(parseModel(bytes, name).model.classes).toEqual(["cat", "dog"]);
  expect(parseModel(bytes, name).parameters).toEqual(one.parameters);
});

/** Names that end strings, comments and lines, are trigraphs or escapes, or can't be seen. */
const hostile = [
  'a"b',
  "it's",
  "\\",
  "\\n",
  "\n",
  "\r\n",
  "\0",
  "\u00011",
  "??/",
  "??=x",
  "*/ int main;",
  "/* x",
  '"""',
  "'''",
  "{0} %s %d",
  "äöü ß",
  "数字",
  "👩‍🚀",
  "\u202eabc",
  "\u2028",
  "\ufeff",
  "e\u0301",
  "1",
  "",
  " ",
  "x".repeat(300),
  "é".repeat(2000),
];

testWithNumpy("Python reads back the names of classes, whatever is in them", async () => {
  const one = saved({
    layers: [{ type: "flatten" }, { type: "dense", units: hostile.length }],
    classes: hostile,
  });
  const files: Record<string, Uint8Array> = {};
  for (const { name, bytes } of await exportModel(one, "numpy", { name: 'a "b" é' })) files[name] = bytes;
  const [torch] = await exportModel(one, "pytorch", { name: "net" });
  const folder = await temporaryFolder(files);
  // of the module only the names: PyTorch isn't here everywhere
  const list = /^CLASSES = \[[\s\S]*?^\]$/m.exec(text(torch.bytes))?.[0];
  writeFileSync(join(folder, "classes.py"), `${list}\n`);
  const program = [
    "import importlib.util, json, sys",
    "for path in sys.argv[1:]:",
    '    spec = importlib.util.spec_from_file_location("net", path)',
    "    net = importlib.util.module_from_spec(spec)",
    "    spec.loader.exec_module(net)",
    "    print(json.dumps(net.CLASSES))",
  ].join("\n");
  const paths = [join(folder, 'a "b" é.py'), join(folder, "classes.py")];
  const output = execFileSync(PYTHON as string, ["-W", "error", "-c", program, ...paths], {
    encoding: "utf8",
  });
  for (const line of output.trim().split("\n")) expect(JSON.parse(line)).toEqual(hostile);
});

testIfPresent(runs("gcc", "--version"), "gcc is not here")(
  "C reads back the names of classes, whatever is in them",
  async () => {
    const one = saved({
      layers: [{ type: "flatten" }, { type: "dense", units: hostile.length }],
      classes: hostile,
    });
    const files: Record<string, Uint8Array | string> = {};
    for (const { name, bytes } of await exportModel(one, "c", { name: "1 é-net" })) files[name] = bytes;
    files["main.c"] = [
      "#include <stdio.h>",
      '#include "1 é-net.h"',
      "int main(void) {",
      "  for (int k = 0; k < MODEL_1_NET_CLASSES; k++) {",
      "    const char *at = model_1_net_classes[k];",
      '    for (; *at; at++) printf("%02x", (unsigned)(unsigned char)*at);',
      '    printf("\\n");',
      "  }",
      "  return 0;",
      "}",
      "",
    ].join("\n");
    const folder = await temporaryFolder(files);
    const program = join(folder, "main");
    const flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"];
    execFileSync("gcc", [...flags, join(folder, "main.c"), "-o", program, "-lm"], { stdio: "pipe" });
    const lines = execFileSync(program, { encoding: "utf8" }).split("\n");
    for (const [k, name] of hostile.entries()) {
      // a string of C ends at its first 0
      expect(Buffer.from(lines[k], "hex").toString(), JSON.stringify(name)).toBe(name.split("\0")[0]);
    }
  },
);

test("what C can't hold is refused in a sentence", async () => {
  const refusal = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => new Error("nothing was refused"),
      (thrown: Error) => thrown,
    );
    expect(error.name).toBe("InputError");
    expectSentence(error.message);
    return error.message;
  };
  expect(await refusal(exportModel(saved(), "c", { name: 'a"b' }))).toMatch(/can't be included/);
  expect(await refusal(exportModel(saved(), "c", { name: "a\nb" }))).toMatch(/can't be included/);
  expect(await refusal(exportModel(saved({ classes: ["a", "é".repeat(2048)] }), "c"))).toMatch(
    /class 1 is longer/,
  );
  for (const format of FORMATS) {
    expect(await refusal(exportModel(saved(), format, { softmax: true }))).toMatch(/softmax/);
  }
});

test("a prefix is a name in C", () => {
  const names = ["model", "one-conv", "3rd", "_x", "é", "", "a.b c", "x".repeat(200)];
  expect(names.map(cPrefix)).toEqual([
    "model",
    "one_conv",
    "model_3rd",
    "x",
    "model",
    "model",
    "a_b_c",
    "x".repeat(40),
  ]);
});
