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
