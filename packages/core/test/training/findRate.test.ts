import { createEngine, evaluate, findRate, fit, InputError, renderRateSvg } from "unravel-cnn";
import { describe, expect, onTestFinished, test } from "vitest";
import { bars, barsNetwork } from "../support/bars.js";

const data = bars(200);

async function open(options: Parameters<typeof createEngine>[1] = { engine: "reference" }) {
  const engine = await createEngine(barsNetwork, options);
  onTestFinished(() => engine.close());
  return engine;
}

describe("a test of learning rates", () => {
  const settings = { batchSize: 10, seed: 1 } as const;

  test("suggests a rate that trains, and one that is too high; the weights stay", async () => {
    const engine = await open();
    const before = engine.parameters();
    const shares: number[] = [];
    const found = await findRate(engine, data, {
      ...{ ...settings, optimizer: "sgd", steps: 120 },
      onProgress: (share) => void shares.push(share),
    });
    expect(engine.parameters()).toEqual(before);
    const rates = found.trials.map(({ rate }) => rate);
    expect(rates[0]).toBe(1e-5);
    for (let k = 1; k < rates.length; k++) expect(rates[k] / rates[k - 1]).toBeCloseTo(10 ** (6 / 119), 9);
    expect(shares.at(-1)).toBe(rates.length / 120);
    const { suggested, steepest, lowest, tooHigh } = found as unknown as Record<string, number>;
    expect(steepest).toBeLessThanOrEqual(lowest);
    expect(suggested).toBeCloseTo(Math.sqrt(steepest * lowest), 12);
    expect(tooHigh).toBeGreaterThan(lowest);

    const options = { ...settings, epochs: 3, optimizer: "sgd" } as const;
    await fit(engine, data, { ...options, learningRate: suggested });
    const good = await evaluate(engine, data);
    engine.setParameters(before);
    await fit(engine, data, { ...options, learningRate: suggested / 1000 });
    expect(good.loss).toBeLessThan((await evaluate(engine, data)).loss / 2);
  });

  test("the same losses on any engine, a few roundings apart, and the same bits on any number of threads", async () => {
    const options = {
      ...settings,
      batchSize: 40,
      steps: 30,
      to: 0.01,
      augment: { shift: 1 },
      validation: 20,
    } as const;
    const [one, two] = [await open({ threads: 0 }), await open({ threads: 2 })];
    const found = await findRate(one, data, options);
    expect(await findRate(two, data, options)).toEqual(found);
    const textbook = await findRate(await open(), data, options);
    expect(found.trials).toHaveLength(30);
    for (const [k, { loss }] of found.trials.entries()) expect(loss).toBeCloseTo(textbook.trials[k].loss, 3);
  });

  test("says so where nothing falls", async () => {
    const noise = { ...data, labels: data.labels.map((_, n) => (n * 7) % 4) };
    const found = await findRate(await open(), noise, { ...settings, from: 1e-9, to: 1e-8, steps: 20 });
    expect([found.suggested, found.lowest, found.tooHigh]).toEqual([null, null, null]);
    expect(renderRateSvg(found)).toContain("The loss doesn&#39;t fall at any rate.");
  });

  test("while an engine is trained, and after an abort", async () => {
    const engine = await open();
    const before = engine.parameters();
    const controller = new AbortController();
    const first = findRate(engine, data, {
      ...{ ...settings, signal: controller.signal },
      onProgress: (share) => {
        if (share > 0.1) controller.abort(new Error("enough"));
      },
    });
    await expect(fit(engine, data)).rejects.toThrow(/is being trained already/);
    await expect(first).rejects.toThrow("enough");
    expect(engine.parameters()).toEqual(before);
    await fit(engine, data, { epochs: 1 });
  });

  test.each([
    [{ from: 0.1, to: 0.01 }, /to must be above from, which is 0.1, not 0.01/],
    [{ from: 0 }, /from must be a number above 0/],
    [{ steps: 3 }, /steps must be a whole number from 20 to/],
    [{ epochs: 3 }, /unknown option "epochs"/],
  ])("%o is refused", async (options, message) => {
    const found = findRate(await open(), data, options as object);
    await expect(found).rejects.toThrow(InputError);
    await expect(found).rejects.toThrow(message);
  });
});

test("the picture has a dot for each step, the suggested rate, and its powers of ten", async () => {
  const trials = Array.from({ length: 50 }, (_, k) => ({
    ...{ rate: 10 ** (-5 + k / 10), loss: k < 45 ? 2 - k / 30 : 1e30, smooth: 2 - k / 30 },
  }));
  const svg = renderRateSvg(
    { trials, suggested: 0.01, steepest: 0.005, lowest: 0.02, tooHigh: null },
    { subtitle: "a < b" },
  );
  expect(svg.match(/class="dot" cx="[\d.]+" cy="[\d.]+" r="2"/g)).toHaveLength(50);
  expect(svg).toContain("suggested: 0.010");
  expect(svg).toContain("a &lt; b");
  const labels = [...svg.matchAll(/text-anchor="middle">([\d.e-]+)</g)].map(([, label]) => label);
  expect(labels).toEqual(["0.00001", "0.0001", "0.001", "0.01", "0.1"]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  for (const [, y] of svg.matchAll(/cy="([\d.]+)" r="2"/g)) expect(Number(y)).toBeGreaterThanOrEqual(112);
});
