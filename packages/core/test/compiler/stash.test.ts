import { expect, test } from "vitest";
import { planModel } from "../../src/compiler/plan.js";
import { defineModel } from "../../src/graph/model.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";

test("of the stash, which waits for the end of a batch, each layer's kernel may write its own part only", () => {
  const model = defineModel({
    input: [1, 16, 16],
    layers: [
      { type: "flatten" },
      { type: "dense", units: 256 },
      { type: "relu" },
      { type: "dense", units: 128 },
      { type: "dense", units: 4 },
    ],
  });
  const plan = planModel(model, { batchSize: 64, optimizer: resolveOptimizer({ type: "sgd" }), clip: false });
  const text = JSON.stringify(plan.stages);
  const parts = [
    ...text.matchAll(/"name":"(fc\d)\.stash","region":"block","offset":(\d+),"size":(\d+)/g),
  ].map(([, name, offset, size]) => ({
    name,
    offset: Number(offset),
    end: Number(offset) + 4 * Number(size),
  }));
  const all = ["fc1", "fc2"].map((name) => parts.find((part) => part.name === name));
  expect(all).toMatchObject([{ name: "fc1" }, { name: "fc2" }]);
  for (const a of all)
    for (const b of all)
      if (a && b && a !== b && a.offset <= b.offset) expect(a.end).toBeLessThanOrEqual(b.offset);
  for (const part of parts) expect(part.end).toBeLessThanOrEqual(plan.memory.blocks.strideBytes);
});

test("tiles wait for the end of a batch only where they don't take much memory", () => {
  const model = defineModel({
    input: [64, 8, 8],
    layers: [
      { type: "conv2d", filters: 64, kernel: 3, padding: 1 },
      { type: "globalAveragePool2d" },
      { type: "dense", units: 3 },
    ],
  });
  const optimizer = resolveOptimizer({ type: "sgd" });
  const plans = [896, 897].map((batchSize) => planModel(model, { batchSize, optimizer, clip: false }));
  const [most, more] = plans.map((plan) => ({
    stages: plan.stages.filter(({ each }) => each === "chunk").length,
    ofBlocks: plan.memory.workspaces,
  }));
  // 36 positions of (64 + 64) * 32 numbers and two lines of the cache for a block, and 112 blocks in 64 MiB
  expect(112 * 4 * 36 * (128 * 32 + 32)).toBeLessThanOrEqual(64 * 2 ** 20);
  expect(113 * 4 * 36 * (128 * 32 + 32)).toBeGreaterThan(64 * 2 ** 20);
  expect([most.stages, more.stages]).toEqual([1, 0]);
  expect(more.ofBlocks).toBeLessThan(most.ofBlocks / 20);
});
