import { describe, expect, test, vi } from "vitest";
import { createEngine, type EngineOptions } from "../../src/engine/index.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { bars, barsNetwork } from "../support/bars.js";
import { checksum } from "../support/checksum.js";

/* What a training run and its engine have of each other: the run trains parameters of its own. */

const kinds: readonly EngineOptions[] = [{ engine: "reference" }, { engine: "wasm", threads: 0 }];
const options = { batchSize: 8, optimizer: resolveOptimizer({ type: "adam" }) };
const data = bars(400);
const order = Uint32Array.from({ length: 400 }, (_, n) => n);
const rates = new Float64Array(50).fill(0.01);

describe.each(kinds)("%j", (kind) => {
  test("while an epoch runs, the engine is as it was before; then as the run", async () => {
    const engine = await createEngine(barsNetwork, kind);
    const before = [checksum(engine.parameters()), await engine.logits(data.images.subarray(0, 300))];
    const run = await engine.startTraining(data, options);
    const meanwhile: unknown[] = [];
    const epoch = run.epoch(order, rates);
    while (meanwhile.length === 0) {
      meanwhile.push(checksum(engine.parameters()), await engine.logits(data.images.subarray(0, 300)));
    }
    await epoch;
    expect(meanwhile).toEqual(before);
    expect(checksum(engine.parameters())).not.toBe(before[0]);
    await engine.close();
  });

  test("parameters that are set meanwhile orphan no run: it goes on from its own, and hands them over", async () => {
    const engine = await createEngine(barsNetwork, kind);
    const run = await engine.startTraining(data, options);
    await run.epoch(order, rates);
    const trained = checksum(engine.parameters());
    engine.setParameters(initialParameters(engine.model, 7));
    await run.epoch(order, new Float64Array(50));
    expect(checksum(engine.parameters())).toBe(trained); // a rate of 0 moves nothing
    await engine.close();
  });
});

test("what could not be loaded once is tried anew", async () => {
  const engine = await createEngine(barsNetwork, { threads: 0 });
  const image = data.images.subarray(0, 100);
  const refused = vi.spyOn(WebAssembly, "Memory").mockImplementation(() => {
    throw new RangeError("no memory");
  });
  await expect(engine.logits(image)).rejects.toThrow("bytes of memory, which are not to be had here");
  refused.mockRestore();
  expect((await engine.logits(image)).every(Number.isFinite)).toBe(true);
  await engine.close();
});
