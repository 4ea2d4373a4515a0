import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  channelStatistics,
  defineModel,
  EVALUATION,
  explain,
  formatModel,
  initialParameters,
  loadBatch,
  type ModelSpec,
  parseCell,
  trace,
} from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { lossesAlong } from "../src/state/nudge.js";
import { traceBatch } from "../src/state/traceBatch.js";
import { short } from "../src/view/numbers.js";
import { modeWords } from "../src/words/layers.js";
import { sample } from "./support/library.js";
import { selected } from "./support/page.js";
import { sharedVisit } from "./support/visit.js";

/* Layers that do something else in training: one image is shown as it is predicted, a batch as a step of training sees it. */

const spec: ModelSpec = {
  input: [1, 28, 28],
  layers: [
    { type: "conv2d", filters: 4, kernel: 3, stride: 2, padding: 1, bias: false },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "dropout", rate: 0.25 },
    { type: "conv2d", filters: 4, kernel: 3, padding: 1, bias: false },
    { type: "batchNorm2d" },
    { type: "add", from: ["relu1", "norm2"] },
    { type: "relu" },
    { type: "averagePool2d", size: 2 },
    { type: "flatten" },
    { type: "dense", units: 8 },
    { type: "batchNorm1d" },
    { type: "relu" },
    { type: "dense", units: 10 },
  ],
};
const model = defineModel(spec);
/** As if it had been trained: its running statistics are those of some batch. */
const parameters = {
  ...initialParameters(model, 0),
  ...Object.fromEntries(
    model.state.map(({ fullName, shape, initial }) => [
      fullName,
      { shape, data: Float32Array.from({ length: shape[0] }, (_, c) => (initial || -0.5) * (1 + c / 4)) },
    ]),
  ),
};

async function open(): Promise<Page> {
  const { page } = await sharedVisit();
  const path = join(await temporaryFolder(), "norms.safetensors");
  await writeFile(path, formatModel({ model, parameters }));
  await page.locator('input[aria-label="A file to open"]').setInputFiles(path);
  await page.locator('[data-layer="norm2"]').waitFor();
  return page;
}

/** Clicks the middle of a feature map. */
async function clickMap(page: Page, picture: string): Promise<void> {
  const map = page.locator(`[data-picture="${picture}"]`);
  await map.scrollIntoViewIfNeeded();
  await map.click();
}

describe("what is shown", () => {
  const images = Uint8Array.from(sample(3));

  test("of one image is what is predicted, of several what a step of training sees", () => {
    const x = loadBatch(images, model.inputShape, [0], model.normalize);
    const one = traceBatch(model, parameters, { images, labels: [3] });
    expect(one).toEqual(trace(model, parameters, x, [3], EVALUATION));
    expect(modeWords(model, one)).toBe(
      "As it is predicted, not trained on: batch normalisation goes by its running mean and variance, and dropout lets everything pass.",
    );
    const both = Uint8Array.from([...images, ...sample(5)]);
    const two = traceBatch(model, parameters, { images: both, labels: [3, 5] });
    expect(two.circumstances).toMatchObject({ mode: "training", step: 1 });
    expect(modeWords(model, two)).toMatch(
      /^As a step of training sees them: batch normalisation goes by the mean/,
    );
    const later = { mode: "training", seed: 5, step: 9 } as const;
    const step = traceBatch(model, parameters, { images: both, labels: [3, 5], circumstances: later });
    expect(step.circumstances).toEqual(later);
    expect(step.tensors["dropout1.out"]).not.toEqual(two.tensors["dropout1.out"]);
  });

  test("what channels are normalised by: the running statistics, or those of the batch", () => {
    const norm = model.layers[1];
    const one = traceBatch(model, parameters, { images, labels: [3] });
    const kept = channelStatistics(one, norm);
    expect([...(kept?.mean ?? [])]).toEqual([...parameters["norm1.running_mean"].data]);
    for (const [c, variance] of parameters["norm1.running_var"].data.entries()) {
      expect(kept?.deviation[c]).toBeCloseTo(Math.sqrt(variance + 1e-5), 12);
    }
    const both = Uint8Array.from([...images, ...sample(5)]);
    const two = traceBatch(model, parameters, { images: both, labels: [3, 5] });
    const batch = channelStatistics(two, norm);
    const { data } = two.tensors["conv1.out"];
    for (let c = 0; c < 4; c++) {
      const own = [...data].filter((_, k) => Math.floor(k / 196) % 4 === c);
      const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
      const variance = own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / own.length;
      expect(batch?.mean[c]).toBeCloseTo(mean, 9);
      expect(batch?.deviation[c]).toBeCloseTo(Math.sqrt(variance + 1e-5), 9);
    }
    expect(channelStatistics(two, model.layers[0])).toBeUndefined();
  });

  test("is run again under the same circumstances when a weight is moved", () => {
    const both = Uint8Array.from([...images, ...sample(5)]);
    for (const batch of [
      { images, labels: [3] },
      { images: both, labels: [3, 5], circumstances: { mode: "training", seed: 5, step: 9 } as const },
    ]) {
      const step = traceBatch(model, parameters, batch);
      const [same, moved] = lossesAlong(step, parseCell("norm1.weight[2]"), [0, 1e-4]);
      expect(same).toBeCloseTo(step.loss, 5);
      const slope = step.tensors["grad.norm1.weight"].data[2];
      expect((moved - same) / 1e-4 / slope).toBeCloseTo(1, 1);
    }
  });

  test("a network without such layers says nothing of it", () => {
    const plain = defineModel({
      input: [1, 2, 2],
      layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
    });
    const step = traceBatch(plain, initialParameters(plain, 0), {
      images: images.subarray(0, 4),
      labels: [1],
    });
    expect(modeWords(plain, step)).toBe("");
  });
});

testInBrowser("one image goes by the running statistics, which are numbers to click", async () => {
  const page = await open();
  expect(await page.locator(".modes").innerText()).toMatch(/^As it is predicted, not trained on: /);
  // two bars for each channel: what it is normalised by
  const [mean, variance] = ["mean", "var"].map((what) => parameters[`norm1.running_${what}`].data[1]);
  const bars = page.locator('[data-layer="norm1"]').getByRole("img", {
    name: `channel 1 before: mean ${short(mean)}, deviation ${short(Math.sqrt(variance + 1e-5))}`,
  });
  const [track, bar] = [".track", ".deviation"].map((part) => bars.locator(part).last().boundingBox());
  const share = ((await bar)?.width ?? 0) / ((await track)?.width ?? 1);
  const deviations = [...parameters["norm1.running_var"].data].map((one) => Math.sqrt(one + 1e-5));
  const means = [...parameters["norm1.running_mean"].data].map(Math.abs);
  expect(share).toBeCloseTo(deviations[1] / Math.max(...deviations, ...means), 1);

  await clickMap(page, "norm1.out/1");
  const { address, value } = await selected(page);
  const x = loadBatch(Uint8Array.from(sample(3)), model.inputShape, [0], model.normalize);
  const step = trace(model, parameters, x, [3], EVALUATION);
  expect(value).toBe(explain(step, parseCell(address)).value);
  expect(await page.locator(".sheet .says").innerText()).toContain("running mean");
  await page.locator('.sheet button[aria-label$="norm1.running_mean[1]"]').first().click();
  expect((await selected(page)).address).toBe("norm1.running_mean[1]");
  expect((await selected(page)).value).toBe(parameters["norm1.running_mean"].data[1]);
});

testInBrowser("in a batch a number opens into its whole channel, and what dropout dropped is 0", async () => {
  const page = await open();
  await page.locator('input[value="batch"]').check();
  await page.locator(".batch button").first().waitFor();
  expect(await page.locator(".modes").innerText()).toMatch(/^As a step of training sees them: /);
  await clickMap(page, "norm1.out/1");
  const images = await page.locator(".batch button").count();
  expect(await page.locator(".sheet .says").innerText()).toContain(
    `${(images * 14 * 14).toLocaleString("en-US")} numbers of the batch`,
  );
  await clickMap(page, "dropout1.out/2");
  expect(await page.locator(".sheet .says").innerText()).toMatch(
    /^Chance (kept|dropped) this number in this step/,
  );
});
