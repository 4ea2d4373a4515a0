import { expect, type TestFunction } from "vitest";
import { type closeEngine, type diverge, type lose, networks, trainOn } from "./page/gpu.js";

/* The tests of the webgpu engine, wherever it runs: in a browser or in Node. */

interface There {
  trainOn: (name: string) => ReturnType<typeof trainOn>;
  diverge: () => ReturnType<typeof diverge>;
  closeEngine: () => ReturnType<typeof closeEngine>;
  lose: () => ReturnType<typeof lose>;
}

type AddTest = (name: string, run: TestFunction) => void;

/** So much may numbers differ, beside the largest of their kind: sums are added in another order, and fused. */
const BOUND = 2e-5;

function close(what: string, actual: readonly number[], expected: readonly number[]): void {
  expect(actual, what).toHaveLength(expected.length);
  const largest = Math.max(0.01, ...expected.map(Math.abs));
  const furthest = Math.max(...expected.map((value, k) => Math.abs(value - actual[k])));
  expect(furthest / largest, what).toBeLessThan(BOUND);
}

export function testGpuEngine(add: AddTest, there: () => Promise<There>): void {
  for (const name of Object.keys(networks)) {
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

  add("a lost device is said in a sentence", async () => {
    const said = await (await there()).lose();
    for (const sentence of said)
      expect(sentence).toMatch(/^FailureError: The GPU was lost \(.+\); create another engine\.$/);
  });
}
