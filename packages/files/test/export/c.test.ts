import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { defineModel, fold, forward, initialParameters, type ModelSpec, sizeOf } from "unravel-cnn";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { few, onlyLong } from "../../../../test/support/long.js";
import { testIfPresent } from "../../../../test/support/needs.js";
import { planMemory } from "../../src/export/c/memory.js";
import { exportModel } from "../../src/export/index.js";
import { cFloat } from "../../src/export/source/c.js";
import { IMAGES, largest, programCases, runs, textbookTrace } from "../support/programs.js";

const WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow"];
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

const testWithGcc = testIfPresent(runs("gcc", "--version"), "gcc is not here");

testWithGcc(
  "programs compile without a warning, stay in their memory and give the textbook's probabilities",
  async () => {
    const cases = programCases(few(2, 90));
    const files: Record<string, Uint8Array | string> = {};
    for (const [k, one] of cases.entries()) {
      for (const { name, bytes } of await exportModel(one, "c", { name: `net${k}` })) files[name] = bytes;
    }
    // all in one program: their names don't get into each other's way
    files["main.c"] = [
      "#include <stdio.h>",
      ...cases.map((_, k) => `#include "net${k}.h"`),
      "int main(void) {",
      ...cases.flatMap((_, k) => [
        `  for (int n = 0; n < ${IMAGES}; n++) {`,
        `    static float pixels[NET${k}_INPUTS], probs[NET${k}_CLASSES];`,
        `    for (int i = 0; i < NET${k}_INPUTS; i++) if (scanf("%f", &pixels[i]) != 1) return 1;`,
        `    const int winner = net${k}_predict(pixels, probs);`,
        `    printf("${k} %d", winner);`,
        `    for (int i = 0; i < NET${k}_CLASSES; i++) printf(" %.9g", (double)probs[i]);`,
        `    printf("\\n");`,
        "  }",
      ]),
      "  return 0;",
      "}",
      "",
    ].join("\n");
    const folder = await temporaryFolder(files);
    const [source, program] = [join(folder, "main.c"), join(folder, "main")];
    execFileSync("gcc", ["-std=c99", ...WARNINGS, ...SANITIZERS, source, "-o", program, "-lm"], {
      stdio: "pipe",
    });
    if (runs("g++", "--version")) {
      execFileSync("g++", ["-x", "c++", "-std=c++11", ...WARNINGS, "-fsyntax-only", source], {
        stdio: "pipe",
      });
    }
    const pixels = cases.map(({ images }) => Array.from(images, (byte) => Math.fround(byte / 255)).join(" "));
    const lines = execFileSync(program, { input: pixels.join("\n"), encoding: "utf8" })
      .trim()
      .split("\n");
    expect(lines.length).toBe(IMAGES * cases.length);
    for (const [k, one] of cases.entries()) {
      const { data } = textbookTrace(one, "evaluation").tensors.probs;
      const classes = one.model.classes.length;
      const bound = 1e-5 * Math.max(1, largest(data));
      for (let n = 0; n < IMAGES; n++) {
        const [net, winner, ...probs] = lines[k * IMAGES + n].split(" ").map(Number);
        const what = `image ${n} of ${JSON.stringify(one.model.spec)}`;
        expect(net).toBe(k);
        expect(probs.length, what).toBe(classes);
        for (const [i, prob] of probs.entries()) {
          expect(Math.abs(prob - data[n * classes + i]), what).toBeLessThan(bound);
        }
        expect(probs[winner], what).toBe(Math.max(...probs));
      }
    }
  },
);

test("arrays that are needed at the same time don't share a place, and the rest does", () => {
  for (const { model: given, parameters } of programCases(few(12, 600), 7)) {
    const { model } = fold({ model: given, parameters });
    const memory = planMemory(model);
    const shapes = new Map([["x", model.inputShape as readonly number[]]]);
    for (const { output, outputShape } of model.layers) shapes.set(output, outputShape);
    const placeOf = (tensor: string): readonly [number, number] => {
      const at = memory.placeOf(tensor);
      const begin = at === "pixels" ? -1e9 : at === "scores" ? 1e9 : at;
      return [begin, begin + sizeOf(shapes.get(tensor) as readonly number[])];
    };
    // what each place holds, as the program runs; an alias is the array that it stands for
    const held = new Map<number, string>();
    const roots = new Map<string, string>();
    const write = (tensor: string) => {
      const [begin, end] = placeOf(tensor);
      if (typeof memory.placeOf(tensor) === "number") expect(end).toBeLessThanOrEqual(memory.size);
      for (let cell = begin; cell < end; cell++) held.set(cell, tensor);
      roots.set(tensor, tensor);
    };
    write("x");
    for (const layer of model.layers) {
      for (const tensor of layer.inputs) {
        const [begin, end] = placeOf(tensor);
        for (let cell = begin; cell < end; cell++) {
          if (held.get(cell) !== roots.get(tensor)) {
            throw new Error(
              `${layer.name} needs ${tensor}, where ${held.get(cell)} lies: ${JSON.stringify(model.spec)}`,
            );
          }
        }
      }
      if (memory.isAlias(layer.output)) {
        expect(placeOf(layer.output)).toEqual(placeOf(layer.inputs[0]));
        roots.set(layer.output, roots.get(layer.inputs[0]) as string);
      } else write(layer.output);
    }
    const all = [...shapes].reduce((sum, [, shape]) => sum + sizeOf(shape), 0);
    expect(memory.size).toBeLessThan(all);
  }
});

test("a number reads back as the same float", () => {
  const view = new DataView(new ArrayBuffer(4));
  for (let k = 0; k < 800; k++) {
    view.setUint32(0, Math.imul(k, 0x9e3779b9) >>> 0);
    const value = view.getFloat32(0);
    if (!Number.isFinite(value)) continue;
    const text = cFloat(value);
    expect(text).toMatch(/^-?\d+(\.\d+)?(e[-+]\d+)?f$/);
    expect(text).toMatch(/[.e]/);
    expect(Object.is(Math.fround(Number(text.slice(0, -1))), value), text).toBe(true);
  }
  expect([0, -0, 1, 1e10, 0.1].map(cFloat)).toEqual(["0.0f", "-0.0f", "1.0f", "10000000000.0f", "0.1f"]);
});

onlyLong(test)("large networks have programs, too", async () => {
  const wide: ModelSpec = {
    input: [1, 20, 20],
    layers: [{ type: "flatten" }, { type: "dense", units: 2100 }],
  };
  const deep: ModelSpec = {
    input: [1, 2, 2],
    layers: [...Array.from({ length: 1500 }, () => ({ type: "relu" as const })), { type: "flatten" }],
  };
  for (const spec of [wide, deep]) {
    const model = defineModel(spec);
    const parameters = Object.fromEntries(
      model.parameters.map(({ fullName, shape }) => [
        fullName,
        // six to a line, which makes more lines than a call may have arguments
        { shape, data: new Float32Array(sizeOf(shape)).fill(-16777215) },
      ]),
    );
    for (const format of few(["c"], ["c", "numpy", "pytorch"])) {
      const files = await exportModel({ model, parameters }, format, { name: "net" });
      expect(files).toHaveLength(2);
    }
  }
});

test("what is left for use is all that is written: no dropout, no batch normalisation that a convolution can do", async () => {
  const model = defineModel({
    input: [1, 6, 6],
    layers: [
      { type: "conv2d", filters: 2, kernel: 3 },
      { type: "batchNorm2d" },
      { type: "dropout" },
      { type: "flatten" },
      { type: "dense", units: 2 },
    ],
  });
  const parameters = initialParameters(model, 1);
  const [header, weights] = await exportModel({ model, parameters }, "c", { name: "net" });
  const text = new TextDecoder().decode(header.bytes);
  expect(text).not.toMatch(/dropout|norm|scale|relu/);
  expect(new TextDecoder().decode(weights.bytes)).not.toMatch(/dropout|norm/);
  expect(text).toContain("RAM: 128 bytes"); // 2 x 4 x 4 floats
  expect(forward(model, parameters, { shape: [1, 1, 6, 6], data: new Float32Array(36) })).toBeDefined();
});
