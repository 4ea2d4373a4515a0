// as it is built: a worker thread needs a file that Node can run
import { measurePeak, measureTraining } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { kernelsOf } from "../../src/compiler/stages.js";
import {
  builtIn,
  computedGflops,
  defineModel,
  measureCompile,
  measureScaling,
  noise,
  profileModel,
  type TrainingSpeedOptions,
  trainingGflops,
} from "../../src/index.js";
import { multiplyAddsIn } from "../../src/ir/multiplyAdds.js";
import { peakPlan } from "../../src/measure/peak.js";

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
  ])("%i threads, strict %s: a number of GFLOP/s that a core can reach", async (threads, strict) => {
    const peak = await measurePeak({ threads, strict, milliseconds: 10 });
    expect(peak).toBeGreaterThan(0);
    // vectors of 4, two operations a lane, four units, 6 GHz: more than any core that there is
    expect(peak).toBeLessThan(Math.max(1, threads) * 4 * 2 * 4 * 6);
  });

  test("is that of the loop, and of nothing else", () => {
    const [first, ...others] = kernelsOf(peakPlan(true));
    expect(others).toEqual([]);
    expect(first.kernel.name).toBe("peak");
    expect(multiplyAddsIn(first.kernel.body)).toBeGreaterThan(8192 * 12 * 4);
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
    expect(speed.computedGflops).toBe(computedGflops(defineModel(spec), imagesPerSecond, { batchSize: 20 }));
    expect(gflops).toBeCloseTo((2 * defineModel(spec).multiplyAdds.trainingStep * imagesPerSecond) / 1e9, 9);
  });

  test("ends when it is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(measureTraining(spec, { threads: 0, signal })).rejects.toThrow("enough");
  });
});

describe("what is really computed, beside what a network's definition asks for", () => {
  const share = (name: string, options: TrainingSpeedOptions = {}) => {
    const model = defineModel(builtIn(name));
    return computedGflops(model, 1000, options) / trainingGflops(model, 1000);
  };

  test("directly about the same, with Winograd's method much less", () => {
    for (const name of ["one-conv", "lenet5"]) {
      expect(share(name)).toBeGreaterThan(1);
      expect(share(name)).toBeLessThan(1.05);
    }
    expect(share("convnet", { convolution: "direct" })).toBeGreaterThan(0.95);
    // 16 products for 36, in all three passes of the layer that most of the work is in
    expect(share("convnet")).toBeLessThan(0.5);
    expect(share("convnet")).toBeGreaterThan(16 / 36 - 0.2);
  });

  test("a block that isn't full is computed as a whole", () => {
    expect(share("one-conv", { batchSize: 4 })).toBeCloseTo(2 * share("one-conv", { batchSize: 8 }), 9);
    expect(share("one-conv", { batchSize: 12 })).toBeCloseTo((16 / 12) * share("one-conv"), 9);
  });

  test("kernels for one image have one image's multiply-adds", async () => {
    const kernels = await profileModel(builtIn("one-conv"), { batchSize: 1, milliseconds: 0.1 });
    const of = (name: string) => kernels.find((kernel) => kernel.name === name);
    expect(of("fc1.forward")).toMatchObject({ images: 1, multiplyAdds: 13_520, computed: 13_520 });
    const eight = await profileModel(builtIn("one-conv"), { batchSize: 32, milliseconds: 0.1 });
    expect(eight.find(({ name }) => name === "conv1.forward")).toMatchObject({
      images: 8,
      multiplyAdds: 8 * 48_672,
      computed: 8 * 48_672,
    });
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

describe("what listens fails", () => {
  const training = { batchSize: 20, seconds: 0.01, repetitions: 2, threads: 0 };
  const scaling = {
    sweep: "images",
    values: [10, 20],
    specFor: () => spec,
    optimizer: "sgd",
    settings: { filters: 2, kernel: 3, batchSize: 10, images: 20, threads: 0 },
    seconds: 0.01,
    repetitions: 2,
  } as const;
  const measurements: [string, (listener: () => void) => Promise<unknown>][] = [
    ["measureTraining", (onProgress) => measureTraining(spec, { ...training, onProgress })],
    ["profileModel", (onProgress) => profileModel(spec, { milliseconds: 1, onProgress })],
    ["measureScaling, before a run", (onProgress) => measureScaling({ ...scaling, onProgress })],
    ["measureScaling, after a round", (onRound) => measureScaling({ ...scaling, onRound })],
  ];
  const error = new Error("in the callback");

  test.each(measurements)("%s rejects with what it throws, at once or later", async (_, measure) => {
    const throws = () => {
      throw error;
    };
    await expect(measure(throws)).rejects.toBe(error);
    await expect(measure(async () => throws())).rejects.toBe(error);
  });
});
