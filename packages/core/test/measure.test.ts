// as it is built: a worker thread needs a file that Node can run
import { measurePeak, measureTraining } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { builtIn, defineModel, measureCompile, noise, profileModel } from "../src/index.js";

/*
 * What measures speed gives numbers that make sense. How large they are is the machine's affair.
 */

const spec = builtIn("one-conv", { filters: 2, input: [1, 8, 8] });

describe("the peak", () => {
  test.each([
    [0, true],
    [0, false],
    [1, false],
    [3, true],
  ])("%i threads, strict %s: a positive, finite number of GFLOP/s", async (threads, strict) => {
    const peak = await measurePeak({ threads, strict, milliseconds: 10 });
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(1e6);
  });

  test("ends when it is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(measurePeak({ threads: 0, signal })).rejects.toThrow("enough");
  });
});

describe("the kernels of a training step", () => {
  test.each([true, false])(
    "strict %s: each is there once, in order, with its multiply-adds",
    async (strict) => {
      const seen: string[] = [];
      const kernels = await profileModel(spec, {
        batchSize: 20,
        strict,
        milliseconds: 1,
        onProgress: (name, done, all) => {
          expect(done).toBe(seen.length);
          expect(all).toBeGreaterThan(done);
          seen.push(name);
        },
      });

      const names = kernels.map(({ name }) => name);
      expect(names).toEqual(seen);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(["conv1.forward", "fc1.forward", "reduce", "update"]));
      for (const { name, microseconds, multiplyAdds, gflops } of kernels) {
        expect(microseconds, name).toBeGreaterThan(0);
        if (multiplyAdds === 0) expect(gflops, name).toBeNull();
        else expect(gflops, name).toBeCloseTo((2 * multiplyAdds) / microseconds / 1000, 9);
      }
      const all = kernels.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
      expect(all).toBe(8 * defineModel(spec).multiplyAdds.trainingStep);
    },
  );

  test("a wrong spec is refused, an abort heard", async () => {
    await expect(profileModel({ input: [1, 8, 8], layers: [] })).rejects.toThrow('"layers" must be a list');
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(profileModel(spec, { signal })).rejects.toThrow("enough");
  });
});

describe("training", () => {
  test.each([
    { threads: 0, strict: true },
    { threads: 2, strict: false },
  ])("%o: the median lies between the slowest and the fastest", async (options) => {
    const shares: number[] = [];
    const speed = await measureTraining(spec, {
      ...options,
      batchSize: 20,
      seconds: 0.02,
      repetitions: 3,
      onProgress: (share) => shares.push(share),
    });

    const { imagesPerSecond, slowest, fastest, images, repetitions, gflops } = speed;
    expect(slowest).toBeGreaterThan(0);
    expect(imagesPerSecond).toBeGreaterThanOrEqual(slowest);
    expect(fastest).toBeGreaterThanOrEqual(imagesPerSecond);
    expect(images % 20).toBe(0);
    expect(repetitions).toBe(3);
    expect(shares).toEqual([1 / 3, 2 / 3, 1]);
    expect(gflops).toBeCloseTo((2 * defineModel(spec).multiplyAdds.trainingStep * imagesPerSecond) / 1e9, 9);
  });

  test("ends when it is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(measureTraining(spec, { threads: 0, signal })).rejects.toThrow("enough");
  });
});

test("compiling: the times of its two parts, and the size of the module", async () => {
  const { generateMs, compileMs, bytes } = await measureCompile(spec);
  expect(generateMs).toBeGreaterThan(0);
  expect(compileMs).toBeGreaterThan(0);
  expect(bytes).toBeGreaterThan(1000);
});

test("made-up images: as many as asked for, all kinds of bytes, labels of all classes, the same each time", () => {
  const model = defineModel(spec);
  const data = noise(model, 300);
  expect(data.images).toHaveLength(300 * 64);
  expect(new Set(data.images).size).toBe(256);
  expect(new Set(data.labels)).toEqual(new Set([...Array(10).keys()]));
  expect(noise(model, 300)).toEqual(data);
});
