import { expect, test } from "vitest";
import { resnet } from "../../src/builtIn.js";
import { planModel } from "../../src/compiler/plan.js";
import type { BlockStage, Stage } from "../../src/compiler/stages.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import type { LoopNest } from "../../src/ir/ir.js";
import { buffersOf } from "../../src/ir/visit.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";

const twoNorms: ModelSpec = {
  input: [2, 6, 6],
  layers: [
    { type: "batchNorm2d" },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "maxPool2d", size: 3, stride: 1, padding: 1 },
    { type: "batchNorm2d" },
    { type: "add", from: ["norm3", "relu1"] },
    { type: "flatten" },
    { type: "dense", units: 4 },
    { type: "batchNorm1d" },
  ],
};

const planOf = (spec: ModelSpec) =>
  planModel(defineModel(spec), {
    batchSize: 20,
    optimizer: resolveOptimizer({ type: "sgd" }),
    clip: false,
  });

const isOfBlocks = (stage: Stage): stage is BlockStage => stage.each === "block";
const namesOf = (kernel: LoopNest, how: "read" | "written") =>
  [...buffersOf(kernel)].filter(([, touched]) => touched[how]).map(([name]) => name);

test.each([
  ["resnet", resnet()],
  ["norms of norms", twoNorms],
])(
  "%s: what a norm gives is computed in each stage that reads it, before that, and never kept",
  (_, spec) => {
    const plan = planOf(spec);
    const norms = plan.model.layers.filter(({ spec: { type } }) => type.startsWith("batchNorm"));
    const outputs = new Set(norms.map(({ output }) => output));
    expect(plan.buffers.filter(({ name, region }) => region === "block" && outputs.has(name))).toEqual([]);
    const readIn = new Map<string, number>();
    for (const { kernels } of plan.stages.filter(isOfBlocks)) {
      const made = new Set<string>();
      const read = new Set<string>();
      for (const kernel of kernels) {
        for (const name of namesOf(kernel, "read")) {
          if (!outputs.has(name)) continue;
          expect(made, `${kernel.name} reads ${name}`).toContain(name);
          read.add(name);
        }
        for (const name of namesOf(kernel, "written")) made.add(name);
      }
      for (const name of outputs) expect(read.has(name), `${name} is made for somebody`).toBe(made.has(name));
      for (const name of read) readIn.set(name, (readIn.get(name) ?? 0) + 1);
    }
    expect(new Set(readIn.keys())).toEqual(outputs);
    expect(Math.max(...readIn.values())).toBeGreaterThan(1);
  },
);

test("the gradient that an addition passes on lies in the same memory, unless a ReLU changes it there", () => {
  const plan = planOf({
    input: [3, 5, 5],
    layers: [
      { type: "conv2d", filters: 3, kernel: 1, name: "stem" },
      { type: "batchNorm2d" },
      { type: "relu" },
      { type: "batchNorm2d", from: "stem" },
      { type: "add", from: ["relu1", "norm2"] },
      { type: "flatten" },
      { type: "dense", units: 2 },
    ],
  });
  const gradients = new Set(plan.buffers.map(({ name }) => name));
  expect(gradients).toContain("grad.norm1.out");
  expect(gradients).not.toContain("grad.norm2.out");
});
