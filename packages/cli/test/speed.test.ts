import { createEngine, type History, oneConv } from "unravel-cnn";
import { expect, test } from "vitest";
import { describeSpeed } from "../src/commands/train/report.js";
import { measureSpeed } from "../src/commands/train/speed.js";

/*
 * What the end of a training says about its speed.
 */

const speed = (gflops: number, computed: number, peakGflops: number) => ({
  imagesPerSecond: 850.4,
  gflops,
  computed: { gflops: computed, peakGflops },
});

test("as much as the definition asks for, about: one line", () => {
  expect(describeSpeed(speed(8.5, 8.7, 70))).toEqual([
    "Speed  850 images/s, 8.5 GFLOP/s: 12% of this machine's peak",
  ]);
});

test("less, or more: the share is of what is really computed", () => {
  expect(describeSpeed(speed(60.8, 21.1, 63.7))).toEqual([
    "Speed  850 images/s, 60.8 GFLOP/s by the network's definition;",
    "       21.1 computed, the rest is saved: 33% of this machine's peak",
  ]);
  expect(describeSpeed(speed(0.5, 0.675, 27))).toEqual([
    "Speed  850 images/s, 0.50 GFLOP/s by the network's definition;",
    "       0.68 computed, beyond edges, too: 3% of this machine's peak",
  ]);
});

test("nothing is faster than the peak: where it seems so, the peak was disturbed", () => {
  expect(describeSpeed(speed(26.6, 27.1, 21.3))).toEqual([
    "Speed  850 images/s, 26.6 GFLOP/s; the peak, measured now, was disturbed",
  ]);
});

test("the textbook has no peak", () => {
  expect(describeSpeed({ ...speed(0.01, 0, 0), computed: null })).toEqual([
    "Speed  850 images/s, 0.01 GFLOP/s",
  ]);
});

test("the peak is measured after a training of a second or more: after a short one nobody waits for it", async () => {
  const engine = await createEngine(oneConv(), { threads: 0 });
  try {
    const after = (seconds: number) => {
      const epoch = { epoch: 1, loss: 1, accuracy: 1, seconds, imagesPerSecond: 1000 };
      const history = { epochs: [epoch, epoch] } as unknown as History;
      return measureSpeed(engine, history, { batchSize: 32 });
    };
    const speed = { imagesPerSecond: 1000, gflops: expect.any(Number) };
    expect(await after(0.4)).toEqual({ ...speed, computed: null });
    const { computed, ...rest } = await after(0.5);
    expect(rest).toEqual(speed);
    expect(computed?.gflops).toBeGreaterThan(0);
    expect(computed?.peakGflops).toBeGreaterThan(0);
  } finally {
    await engine.close();
  }
});
