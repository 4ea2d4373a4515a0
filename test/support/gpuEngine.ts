import { expect, type TestFunction } from "vitest";
import { few } from "./long.js";
import { type closeEngine, type diverge, networks, trainOn } from "./page/gpu.js";
import {
  type choose,
  lose,
  type loseBetween,
  type memory,
  type profile,
  type struggle,
} from "./page/gpuTrouble.js";

/* The tests of the webgpu engine, wherever it runs: in a browser or in Node. */

interface There {
  trainOn: (name: string) => ReturnType<typeof trainOn>;
  diverge: () => ReturnType<typeof diverge>;
  closeEngine: () => ReturnType<typeof closeEngine>;
  lose: () => ReturnType<typeof lose>;
  loseBetween: () => ReturnType<typeof loseBetween>;
  struggle: (kind: string) => ReturnType<typeof struggle>;
  choose: () => ReturnType<typeof choose>;
  memory: (steps: number) => ReturnType<typeof memory>;
  profile: (canTime: boolean) => ReturnType<typeof profile>;
}

type AddTest = (name: string, run: TestFunction) => void;

/** So much may numbers differ, beside the largest of their kind: sums are added in another order, and fused. */
const BOUND = 2e-5;

function close(what: string, actual: readonly number[], expected: readonly number[], bound = BOUND): void {
  expect(actual, what).toHaveLength(expected.length);
  const largest = Math.max(0.01, ...expected.map(Math.abs));
  const furthest = Math.max(...expected.map((value, k) => Math.abs(value - actual[k])));
  expect(furthest / largest, what).toBeLessThan(bound);
}

export function testGpuEngine(add: AddTest, there: () => Promise<There>): void {
  // the kernels of the others, which take seconds to compile, run in the interpreter, too
  // (packages/core/test/compiler/webgpu/batch.test.ts)
  for (const name of few(["dropped"], Object.keys(networks))) {
    add(`${name}: trains to what the textbook trains to`, async () => {
      const { trainOn: onGpu } = await there();
      const [expected, actual] = [await trainOn(name, { engine: "reference" }), await onGpu(name)];
      close("scores before", actual.scoresBefore, expected.scoresBefore);
      for (const [parameter, numbers] of Object.entries(expected.parameters))
        close(parameter, actual.parameters[parameter], numbers);
      for (const [parameter, numbers] of Object.entries(expected.memory))
        close(`memory of ${parameter}`, actual.memory[parameter], numbers);
      close("scores", actual.scores, expected.scores);
      close("loss", [actual.totals.loss], [expected.totals.loss]);
      const { loss: _, firstLoss: __, ...counted } = expected.totals;
      expect(actual.totals).toMatchObject(counted);
      // the network with the fewest kernels to compile
      if (name === "dropped") expect(await onGpu(name), "once more").toEqual(actual);
    });
  }

  add("a training that diverges says so, and keeps the parameters of the step before", async () => {
    const { diverged, message, finite } = await (await there()).diverge();
    expect({ diverged, finite }).toEqual({ diverged: true, finite: true });
    expect(message).toMatch(/^The loss became (infinite|NaN \(not a number\)) at step 6/);
  });

  add("an engine that is closed says so, in the middle of an epoch, too", async () => {
    for (const sentence of await (await there()).closeEngine())
      expect(sentence).toMatch(/^FailureError: The engine was closed, /);
  });

  add(
    "a device that is lost within an epoch: WebAssembly goes on, and no step is left out or done twice",
    async () => {
      const [expected, actual] = [await lose(), await (await there()).lose()];
      expect(actual.changes).toHaveLength(1);
      expect(actual.told, "told once").toEqual(actual.changes);
      const [{ step, ...change }] = actual.changes;
      expect(change).toEqual({
        ...{ from: "webgpu", to: "wasm" },
        reason: expect.stringMatching(/^The GPU was lost \(.+[^.]\)$/),
      });
      // from what was read back within the epoch, not from its beginning
      expect(step).toBeGreaterThan(50);
      expect(step).toBeLessThan(100);
      expect(actual.name).toBe("wasm");
      expect(actual.totals).toMatchObject({ steps: 50, images: 400 });
      expect([actual.steps, actual.again]).toEqual([100, 50]);
      for (const what of ["trained", "average", "remembered", "scores"] as const)
        close(what, actual[what], expected[what], 1e-3);
      close("loss", [actual.totals.loss], [expected.totals.loss], 1e-3);
    },
  );

  add("a device that is lost between epochs: checkpoints say so, and lead to the same bits", async () => {
    const { changes, scores, parameters, resumed, kept } = await (await there()).loseBetween();
    expect(scores).toBe(160);
    expect(changes).toMatchObject([{ from: "webgpu", to: "wasm", step: 5 }]);
    expect(kept).toEqual([
      { engine: "webgpu", steps: 0, changes: undefined },
      { engine: "webgpu", steps: 5, changes: undefined },
      { engine: "wasm", steps: 10, changes },
      { engine: "wasm", steps: 15, changes },
    ]);
    expect(resumed).toEqual(parameters);
  });

  const troubles: readonly (readonly [kind: string, step: number | null, reason: RegExp])[] = [
    ["opened", null, /^The GPU can't be opened \(no such limit\)$/],
    ["limits", 0, /^On this GPU no buffer may have more than 1 MB, but .+ takes 1 MB$/],
    ["memory", 0, /^The network needs [\d,]+ bytes of the GPU's memory, which are not to be had$/],
    ["later", 0, /^The GPU has failed \(Out of memory\)$/],
  ];
  for (const [kind, step, reason] of troubles) {
    add(`a GPU that can't be used (${kind}): one sentence, and WebAssembly trains`, async () => {
      const { steps, name, changes } = await (await there()).struggle(kind);
      expect({ steps, name }).toEqual({ steps: 5, name: "wasm" });
      expect(changes).toEqual([{ from: "webgpu", to: "wasm", step, reason: expect.stringMatching(reason) }]);
    });
  }

  add("auto takes the faster engine, says why, and changes nothing of the training", async () => {
    const { measured, own, others } = await (await there()).choose();
    const { choice, ...rest } = measured;
    const { wasm, webgpu } = choice?.milliseconds ?? {};
    expect([wasm, webgpu].every((time) => Number(time) > 0)).toBe(true);
    expect(choice?.engine).toBe(Number(wasm) <= Number(webgpu) ? "wasm" : "webgpu");
    expect(choice?.reason).toMatch(
      /^A step takes [\d.e+]+ ms in WebAssembly and [\d.e+]+ ms on the GPU \(a, b\)$/,
    );
    expect({ ...rest, changes: own.changes }).toEqual({ ...own, choice: undefined, name: choice?.engine });
    const unmeasured = { wasm: null, webgpu: null };
    const reasons = [
      /^The only WebGPU here \(.+\) computes on the processor$/,
      /^Only WebAssembly gives the same bits on every machine$/,
      /^WebGPU has found no adapter on this machine$/,
    ];
    for (const [k, { name, choice }] of others.entries())
      expect({ name, choice }).toEqual({
        name: "wasm",
        choice: { engine: "wasm", reason: expect.stringMatching(reasons[k]), milliseconds: unmeasured },
      });
  });

  const steps = few(200, 2000);
  add(`${steps} steps take no memory of the device that the first didn't have`, async () => {
    const { before, after, left, name } = await (await there()).memory(steps);
    expect(name).toBe("webgpu");
    expect(before.buffers).toBeGreaterThan(5);
    expect(after).toEqual(before);
    expect(left, "after the training").toBe(0);
  });

  add("the peak, the memory's speed and each kernel's time; where there is no clock, no time", async () => {
    const page = await there();
    const timed = await page.profile(true);
    const blind = await few(undefined, () => page.profile(false))?.();
    for (const { peakGflops, gigabytesPerSecond, dispatches, kernels } of blind ? [timed, blind] : [timed]) {
      expect(Math.min(peakGflops, gigabytesPerSecond, dispatches)).toBeGreaterThan(0);
      expect(dispatches).toBe(kernels.filter(({ seldom }) => !seldom).length);
    }
    expect(timed.kernels.length).toBeGreaterThan(3);
    const rates = ["microseconds", "gflops", "gigabytesPerSecond"] as const;
    for (const kernel of blind?.kernels ?? [])
      expect(rates.map((rate) => kernel[rate])).toEqual([null, null, null]);
    // browsers round the clock, so that a short kernel may take no time
    expect(timed.kernels.every(({ microseconds }) => Number(microseconds) >= 0)).toBe(true);
    const conv = timed.kernels.find(({ name }) => name === "conv1.forward");
    expect(conv?.computed).toBeGreaterThanOrEqual(8 * 2 * 9 * 9);
    // 8 images of 5x5 read, 2 maps of 3x3 written for each, weights and biases read
    expect(conv?.bytes).toBe(4 * (8 * 25 + 8 * 18 + 18 + 2));
  });
}
