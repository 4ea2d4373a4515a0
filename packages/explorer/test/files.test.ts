import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encode } from "fast-png";
import type { Page } from "playwright-core";
import {
  defineModel,
  type Fit,
  formatModel,
  formatNpz,
  formatTraceJson,
  formatTraceNpz,
  type ImageShape,
  initialParameters,
  lenet5,
  type Model,
  type ModelSpec,
  parseTraceJson,
  parseTraceNpz,
  pictureRule,
  preparePicture,
  tensor,
  trace,
} from "unravel-cnn";
import { describe, expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { onlyLong, sampleOf } from "../../../test/support/long.js";
import { expectSentence } from "../../../test/support/sentence.js";
import { parseLink } from "../src/state/link.js";
import { sample, traceOf, trainedNetwork } from "./support/library.js";
import { choose, downloaded, probabilities, selected } from "./support/page.js";
import { sharedVisit } from "./support/visit.js";

/** Opens a file as a visitor does who chooses it. */
async function open(page: Page, name: string, bytes: Uint8Array | string): Promise<void> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  await page.locator('input[aria-label="A file to open"]').setInputFiles(path);
}

/** Colours that change from place to place, opaque, as a decoder gives them. */
function pictureLikePhoto(width: number, height: number) {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
    return [x / 9, y * 0.8, 128 + 100 * Math.sin(x / 50 + y / 30)][i % 3] + ((x * 7 + y * 13) % 11);
  });
  return { width, height, channels: 3, depth: 8, data } as const;
}

const title = (page: Page) => page.locator("header .network").innerText();

describe("opening", () => {
  testInBrowser("a trained network", async () => {
    const { page } = await sharedVisit();
    const model = defineModel(lenet5());
    await open(page, "mine.safetensors", formatModel({ model, parameters: initialParameters(model, 3) }));
    await page.locator('[data-picture="conv2.out/0"]').waitFor();
    expect(await title(page)).toBe("mine.safetensors");
  });

  testInBrowser("a spec, with fresh weights", async () => {
    const { page } = await sharedVisit();
    const spec = {
      input: [1, 28, 28],
      layers: [
        { type: "conv2d", filters: 2, kernel: 5, stride: 2, padding: 1 },
        { type: "relu" },
        { type: "flatten" },
        { type: "dense", units: 20 },
        { type: "relu" },
        { type: "dense", units: 10 },
      ],
    };
    await open(page, "net.json", JSON.stringify(spec));
    await page.locator('[data-picture="fc2.out/0"]').waitFor();
    expect(await title(page)).toMatch(/net\.json\s+untrained/);
    expect(await page.locator('[data-picture^="conv1.out/"]').count()).toBe(2);
  });

  testInBrowser("a network for pictures in colour, with class names", async () => {
    const { page } = await sharedVisit();
    const spec = {
      input: [3, 12, 12],
      layers: [
        { type: "conv2d", filters: 4, kernel: 3, padding: "same" },
        { type: "maxPool2d", size: 2 },
        { type: "flatten" },
        { type: "dense", units: 3 },
      ],
      classes: ["cat", "dog", "bird"],
      loss: { type: "meanSquaredError" },
    };
    await open(page, "animals.json", JSON.stringify(spec));
    await page.locator('[data-picture="x/2"]').waitFor();
    expect(await page.locator("fieldset .name").allInnerTexts()).toEqual(["cat", "dog", "bird"]);
    expect(await page.getByRole("button", { name: /^Sample/ }).count()).toBe(0);

    // its scores are no shares of 1, and may be below 0
    const shown = await page.locator('[data-picture="fc1.out/0"] data').allInnerTexts();
    expect(shown).toHaveLength(3);
    for (const place of ["fieldset", '[data-picture="probs/0"]'])
      expect(await page.locator(`${place} data`).allInnerTexts(), place).toEqual(shown);
  });

  testInBrowser("a trace, whose numbers are shown as they are", async () => {
    const { page } = await sharedVisit();
    const step = traceOf([sample(7), sample(2)], [7, 2]);
    await open(page, "step.npz", formatTraceNpz(step));
    await page.waitForFunction(() =>
      document.querySelector("header .network")?.textContent?.includes("step.npz"),
    );
    expect(await probabilities(page)).toEqual([...step.tensors.probs.data.subarray(0, 10)]);
    await open(page, "step.json", formatTraceJson(traceOf([sample(9)], [9])));
    await page.waitForFunction(() =>
      document.querySelector("header .network")?.textContent?.includes("step.json"),
    );
    expect(await probabilities(page)).toEqual([...traceOf([sample(9)], [9]).tensors.probs.data]);
  });

  testInBrowser("a network with the binary cross-entropy: several labels at once, one, or none", async () => {
    const { page } = await sharedVisit();
    const spec: ModelSpec = {
      input: [1, 12, 12],
      layers: [{ type: "flatten" }, { type: "dense", units: 3 }],
      loss: { type: "binaryCrossEntropy" },
    };
    await open(page, "each.json", JSON.stringify(spec));
    const end = page.getByRole("region", { name: "sigmoid and loss" });
    await end.getByText("the mean of −ln of 3 right answers’ probabilities; right is").waitFor();
    const model = defineModel(spec);
    const x = tensor([1, 1, 12, 12], new Float32Array(144).fill(102 / 255));
    const step = (labels: number[]) => trace(model, initialParameters(model, 3), x, labels);
    const loss = () => page.locator(".loss-value").getAttribute("value");
    await open(page, "several.json", formatTraceJson(step([1, 0, 1])));
    await end.getByText("right are 0 and 2").waitFor();
    expect(await loss()).toBe(String(step([1, 0, 1]).loss));
    const boxes = page.locator("fieldset").getByRole("checkbox");
    const checked = () => boxes.evaluateAll((all) => all.map((box) => (box as HTMLInputElement).checked));
    expect(await checked()).toEqual([true, false, true]);
    await boxes.first().click();
    await end.getByText("right is 2").waitFor();
    expect(await loss()).toBe(String(step([0, 0, 1]).loss));
    await boxes.last().click();
    await page.getByText("You said that none of the classes is right").waitFor();
    expect(await loss()).toBe(String(step([0, 0, 0]).loss));
    await page.waitForURL(({ hash }) => hash.includes("answer=none"));
    await page.getByText("← Backward").click();
    expect((await end.locator(".too-much .line").first().innerText()).replace(/\s+/g, " ")).toMatch(
      /^0 0\.\d+ − 0 0\.\d+$/,
    );
    await open(page, "one.json", formatTraceJson(step([2])));
    await end.getByText("right is 2").waitFor();
  });

  testInBrowser(
    "a picture, as the network's own rule makes an input of it, and as `unravel predict` does",
    async () => {
      const { page } = await sharedVisit();
      const photo = pictureLikePhoto(2300, 300);
      const file = encode(photo);
      const ruled = (input: ImageShape, fit: Fit) =>
        defineModel({
          input,
          layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
          classes: ["cat", "dog"],
          pictures: pictureRule(input, fit),
        });
      const show = async (model: Model, name: string) => {
        await open(page, name, formatModel({ model, parameters: initialParameters(model, 1) }));
        await page.waitForFunction(
          (name) => document.querySelector("header .network")?.textContent?.includes(name),
          name,
        );
      };
      /** What the pad gives the network, which the link carries. */
      const expectInput = (model: Model, name: string) => {
        const expected = preparePicture(model, photo).input;
        return expect
          .poll(
            () => {
              const base = parseLink(new URL(page.url()).hash).drawing?.base;
              if (base?.kind !== "pixels" || String(base.shape) !== String(model.inputShape))
                return "another shape";
              return base.bytes.findIndex((value, k) => value !== expected[k]);
            },
            { message: name },
          )
          .toBe(-1);
      };
      const cover = ruled([3, 12, 16], "cover");
      await show(cover, "cover.safetensors");
      await open(page, "photo.png", file);
      await expectInput(cover, "cover");
      // each network that is opened later gets the picture in its own way
      const others = [
        ["stretch", ruled([3, 12, 16], "stretch")],
        ["grey", ruled([1, 14, 14], "contain")],
      ] as const;
      for (const [name, model] of sampleOf(others, 1)) {
        await show(model, `${name}.safetensors`);
        await expectInput(model, name);
      }
    },
  );

  testInBrowser("a picture that the network can't take is refused in a sentence", async () => {
    const { page } = await sharedVisit();
    const flat = {
      width: 30,
      height: 20,
      channels: 3,
      depth: 8,
      data: new Uint8Array(1800).fill(90),
    } as const;
    await open(page, "flat.png", encode(flat));
    const notice = page.locator(".notice p").filter({ hasText: "flat.png: " });
    await notice.waitFor();
    expectSentence((await notice.innerText()).replace(/^flat\.png: ./, (start) => start.toUpperCase()));
  });

  testInBrowser("damaged files get one sentence each, and nothing is lost", async () => {
    const { page } = await sharedVisit();
    const before = [await probabilities(page), await selected(page)];
    const trained = trainedNetwork();
    const file = formatModel(trained);
    const files: [string, Uint8Array | string][] = [
      ["cut.safetensors", file.subarray(0, 5000)],
      ["empty.safetensors", ""],
      ["noise.npz", "PK and then nothing"],
      ["other.npz", formatNpz({ a: { shape: [1], data: Float32Array.of(1) } })],
      ["net.json", '{ "input": [1, 28, 28], "layers": [] }'],
      ["half.json", '{ "input": '],
      ["picture.png", "no picture"],
      ["notes.txt", "hello"],
    ];
    for (const [name, bytes] of sampleOf(files, 4)) {
      await open(page, name, bytes);
      const notice = page.locator(".notice p");
      await notice.filter({ hasText: name }).waitFor();
      const text = await notice.innerText();
      expect(text).toMatch(/^[^\n]{20,400}\.$/);
      expect(text).not.toMatch(/undefined|\[object|\.\./);
      expect([await probabilities(page), await selected(page)], name).toEqual(before);
    }
  });
});

describe("taking along", () => {
  testInBrowser("the trace, for NumPy and with its network", async () => {
    const { page } = await sharedVisit();
    const { model } = trainedNetwork();
    const step = traceOf([sample(3)], [3]);
    const npz = await downloaded(page, () => choose(page, "Save", "for NumPy"));
    expect(npz.name).toBe("trace.npz");
    expect(parseTraceNpz(model, npz.bytes, npz.name).tensors).toEqual(step.tensors);
    const json = await downloaded(page, () => choose(page, "Save", "with the network"));
    const read = parseTraceJson(new TextDecoder().decode(json.bytes), json.name);
    expect(read.tensors["grad.conv1.weight"]).toEqual(step.tensors["grad.conv1.weight"]);
  });

  testInBrowser("pictures, SVG and PNG, and the report", async () => {
    const { page } = await sharedVisit();
    const svg = await downloaded(page, () => choose(page, "Save", /SVG/));
    const text = new TextDecoder().decode(svg.bytes);
    expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+"/);
    expect(text.match(/<image /g)?.length).toBe(1 + 4 * 8); // x, conv1, relu1, pool1, flatten1
    const png = await downloaded(page, () => choose(page, "Save", /PNG/));
    expect([...png.bytes.subarray(1, 4)]).toEqual([...Buffer.from("PNG")]);
    const report = await downloaded(page, () => choose(page, "Save", /Report/));
    expect(report.name).toBe("report.html");
    expect(new TextDecoder().decode(report.bytes)).toMatch(
      /^<!doctype html>[\s\S]*drawn by the program[\s\S]*<\/html>/,
    );
  });
});

describe("check yours", () => {
  const step = () => traceOf([sample(3), sample(8)], [3, 8]);

  /** Has a file checked, and waits for an answer with these words. */
  async function check(page: Page, bytes: Uint8Array, words: string, name = "mine.npz"): Promise<void> {
    await choose(page, "Open", "Check yours");
    const path = join(await temporaryFolder(), name);
    await writeFile(path, bytes);
    await page.locator('input[aria-label="A .npz file to check"]').setInputFiles(path);
    await page
      .locator("dialog .answer, dialog .problem")
      .filter({ hasText: words })
      .waitFor({ timeout: 60_000 });
  }

  // what is right and what isn't is tested in core
  onlyLong(testInBrowser)("arrays that are right", async () => {
    const { page } = await sharedVisit();
    await check(page, formatTraceNpz(step()), "are right");
    expect(await page.locator("dialog .answer h3").first().innerText()).toMatch(
      /^✓ All \d+ arrays .* are right\.$/,
    );
  });

  testInBrowser(
    "a file that is none: one sentence; a mistake: which array, why, and the cells that differ",
    async () => {
      const { page } = await sharedVisit();
      const { tensors } = step();
      const wrong = tensors["grad.conv1.weight"].data.slice();
      // the gradient of a batch of two without the division by two
      for (let k = 0; k < wrong.length; k++) wrong[k] *= 2;
      const { y, ...rest } = { ...tensors, y: { shape: [2], data: Int32Array.of(3, 8) } };
      const arrays = { ...rest, y, "grad.conv1.weight": { shape: [8, 1, 3, 3], data: wrong } };
      await check(page, new TextEncoder().encode("PK?"), "bad.npz", "bad.npz");
      expect(await page.locator("dialog .problem").innerText()).toMatch(/^bad\.npz: [^\n]{10,300}\.$/);
      await page.keyboard.press("Escape");
      await check(page, formatNpz(arrays), "The first array that differs");
      const answer = page.locator("dialog .answer");
      expect(await answer.innerText()).toContain("The first array that differs: grad.conv1.weight");
      expect(await answer.locator(".mistake").count()).toBeGreaterThan(0);
      expect(await answer.locator("svg rect").count()).toBeGreaterThan(0);
      await answer.getByRole("button", { name: "Show the right numbers" }).click();
      const { address, value } = await selected(page);
      expect(address).toMatch(/^grad\.conv1\.weight\[/);
      const worst = [...tensors["grad.conv1.weight"].data].reduce((a, b) =>
        Math.abs(b) > Math.abs(a) ? b : a,
      );
      expect(value).toBeCloseTo(worst, 6);
    },
  );
});
