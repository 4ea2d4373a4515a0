import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  type Cell,
  contributesTo,
  defineModel,
  explain,
  initialParameters,
  loadBatch,
  type ModelSpec,
  parseCell,
  trace,
} from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { onlyLong } from "../../../test/support/long.js";
import { lossesAlong } from "../src/state/nudge.js";
import { lieOf } from "../src/view/layout.js";
import { skipsOf } from "../src/view/skips.js";
import { sample } from "./support/library.js";
import { choose, downloaded, selected } from "./support/page.js";
import { sharedVisit } from "./support/visit.js";

/** Those whose like is tested in other networks: a number's window in forward.test.ts, nudging in backward.test.ts. */
const testWholly = onlyLong(testInBrowser);

/* A network whose ways part and come together, with layers that the page has no word about. */

const residual = (filters: number): ModelSpec => ({
  input: [1, 28, 28],
  layers: [
    { type: "conv2d", name: "stem", filters, kernel: 3, padding: 1 },
    { type: "relu" },
    { type: "conv2d", filters, kernel: 3, padding: 1 },
    { type: "add", from: ["relu1", "conv2"] },
    { type: "relu" },
    { type: "averagePool2d", size: 3, stride: 2, padding: 1 },
    { type: "flatten" },
    { type: "dense", units: 10 },
  ],
});

/** What the library makes of the picture that the page opens with. */
function traceOf(spec: ModelSpec) {
  const model = defineModel(spec);
  const x = loadBatch(sample(3), model.inputShape, [0], model.normalize);
  return trace(model, initialParameters(model, 0), x, [3]);
}

async function openNetwork(spec: ModelSpec): Promise<Page> {
  const { page } = await sharedVisit();
  const path = join(await temporaryFolder(), "residual.json");
  await writeFile(path, JSON.stringify(spec));
  await page.locator('input[aria-label="A file to open"]').setInputFiles(path);
  await page.locator('[data-layer="add1"]').waitFor();
  return page;
}

/** Clicks a cell of a feature map. */
async function click(page: Page, address: string): Promise<void> {
  const { tensor, index } = parseCell(address);
  const [, plane, row, column] = index;
  const picture = page.locator(`[data-picture="${tensor}/${plane}"]`);
  await picture.scrollIntoViewIfNeeded();
  const box = await picture.boundingBox();
  const side = tensor.endsWith("pool1.out") ? 14 : 28;
  if (!box) throw new Error(`${address} can't be seen`);
  const position = { x: ((column + 0.5) / side) * box.width, y: ((row + 0.5) / side) * box.height };
  await picture.click({ position });
  expect((await selected(page)).address.replaceAll(" ", "")).toBe(address);
}

/** The pictures in which something of this kind is outlined. */
const marked = (page: Page, kind: string): Promise<string[]> =>
  page
    .locator(`[data-picture]:has(> .mark.${kind})`)
    .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.picture as string).sort());
const picturesOf = (cells: readonly Cell[]) =>
  [...new Set(cells.map(({ tensor, index }) => `${tensor}/${index[1]}`))].sort();

describe("what follows from a graph", () => {
  const model = defineModel(residual(12));

  test("tensors with the same channels turn their pages together, and none that a layer mixes anew", () => {
    const groups = ["x", ...model.layers.map(({ output }) => output)].map(
      (name) => lieOf(model, name)?.group,
    );
    expect(groups).toEqual(["x", "stem", "stem", "stem", "stem", "stem", "stem", "stem", "fc1"]);
  });

  test("numbers lie in space until a matrix mixes them, and have the signs of what they are made of", () => {
    expect(lieOf(model, "flatten1.out")?.space).toEqual([12, 14, 14]);
    expect(lieOf(model, "fc1.out")?.space).toBeUndefined();
    const signed = model.layers.filter(({ output }) => lieOf(model, output)?.isSigned);
    expect(signed.map(({ name }) => name)).toEqual(["stem", "conv2", "add1", "fc1"]);

    const [conv] = residual(12).layers;
    const layers = [
      conv,
      { type: "sigmoid" as const },
      { type: "maxPool2d" as const, size: 2 },
      { type: "flatten" as const },
    ];
    const squeezed = defineModel({ input: model.inputShape, layers });
    const names = ["sigmoid1.out", "pool1.out", "flatten1.out"];
    expect(names.map((name) => lieOf(squeezed, name)?.isSigned)).toEqual([false, false, false]);
  });

  test("ways that pass over the same column run in lanes of their own", () => {
    const spec: ModelSpec = {
      input: [2, 4, 4],
      layers: [
        { type: "relu", name: "a" },
        { type: "relu", name: "b" },
        { type: "add", name: "c", from: ["a", "b"] },
        { type: "relu", name: "d" },
        { type: "add", name: "e", from: ["x", "d", "d"] },
        { type: "relu", name: "f" },
        { type: "add", name: "g", from: ["f", "e"] },
        { type: "flatten" },
        { type: "dense", units: 2 },
      ],
    };
    expect(skipsOf(defineModel(spec))).toEqual([
      { from: "a", to: "c", lane: 0 },
      { from: "e", to: "g", lane: 0 },
      { from: "x", to: "e", lane: 1 },
    ]);
  });
});

testInBrowser(
  "every layer has its column, and the way past others an arc and a word; saved, too",
  async () => {
    const page = await openNetwork(residual(4));
    const columns = await page
      .locator("[data-layer]")
      .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.layer));
    expect(columns).toEqual(["x", ...defineModel(residual(4)).layers.map(({ name }) => name)]);
    const arc = await page.locator('[data-skip="relu1 add1"]').boundingBox();
    const [from, to] = await Promise.all(
      ["relu1", "add1"].map((name) => page.locator(`[data-layer="${name}"]`).boundingBox()),
    );
    expect(await page.locator("[data-skip]").count()).toBe(1);
    if (!arc || !from || !to) throw new Error("something can't be seen");
    expect(Math.abs(arc.x - from.x)).toBeLessThan(60);
    expect(Math.abs(arc.x + arc.width - to.x)).toBeLessThan(40);
    expect(arc.y + arc.height).toBeLessThanOrEqual(from.y + 1);
    expect(await page.locator("li", { hasText: "add1" }).first().innerText()).toContain(
      "addition from relu1 and conv2",
    );

    const { bytes } = await downloaded(page, () => choose(page, "Save", /SVG/));
    const svg = new TextDecoder().decode(bytes);
    for (const name of columns) expect(svg).toContain(`>${name}</text>`);
    expect(svg.match(/<path/g)).toHaveLength(1);
  },
);

testInBrowser(
  "an addition shows both its inputs, and a number that goes two ways lights up both; so do gradients",
  async () => {
    const page = await openNetwork(residual(4));
    const right = traceOf(residual(4));
    await click(page, "add1.out[0,1,12,14]");
    expect((await selected(page)).value).toBe(explain(right, parseCell("add1.out[0,1,12,14]")).value);
    expect(await marked(page, "source")).toEqual(["conv2.out/1", "relu1.out/1"]);
    await page.waitForFunction(() => document.querySelectorAll("path.source").length === 2);
    expect(await page.locator(".sheet tbody th .text").allInnerTexts()).toEqual(["relu1.out", "conv2.out"]);
    expect(await page.locator(".sheet math").textContent()).toBe("y=x1+x2");

    await page.keyboard.press("b");
    expect((await selected(page)).address).toBe("grad.add1.out[0, 1, 12, 14]");
    expect(await marked(page, "target")).toEqual(["grad.conv2.out/1", "grad.relu1.out/1"]);
    expect((await selected(page)).value).toBe(explain(right, parseCell("grad.add1.out[0,1,12,14]")).value);

    await page.keyboard.press("f");
    await click(page, "relu1.out[0,3,12,14]");
    const uses = contributesTo(right, parseCell("relu1.out[0,3,12,14]"));
    const forward = uses.filter(({ tensor }) => !tensor.startsWith("grad."));
    expect(await marked(page, "target")).toEqual(picturesOf(forward));
    expect(await page.locator(".sheet dl").innerText()).toContain("add1.out[0, 3, 12, 14]");

    await page.keyboard.press("b");
    const cell = parseCell("grad.relu1.out[0,3,12,14]");
    const { rule, value, says, terms } = explain(right, cell);
    expect(rule).toBe("collect");
    expect(await selected(page)).toMatchObject({ address: "grad.relu1.out[0, 3, 12, 14]", value });
    expect(await page.locator(".sheet .says").innerText()).toBe(says);
    const sources = terms.flatMap(({ factors }) => factors.flatMap(({ cell }) => cell ?? []));
    const gradients = sources.filter(({ tensor }) => tensor.startsWith("grad."));
    expect(await marked(page, "source")).toEqual(picturesOf(gradients));
    const ways = page.getByRole("group", { name: "Ways" }).getByRole("button");
    expect((await ways.allInnerTexts()).map((text) => text.split(" ")[0])).toEqual([
      "grad.add1.out",
      "grad.conv2.out",
    ]);
    await ways.nth(0).click();
    expect(await page.locator(".squares data").count()).toBe(1);
    await ways.nth(1).click();
    expect(await page.locator(".squares figcaption").first().innerText()).toBe("conv2.weight");
    expect(await page.locator(".sheet math").textContent()).toMatch(/conv2.*add1/);
  },
);

testWholly(
  "an average shows its window and its share, and sends that share of its gradient back",
  async () => {
    const page = await openNetwork(residual(4));
    const right = traceOf(residual(4));
    await click(page, "avgpool1.out[0,2,6,7]");
    expect(await page.locator(".squares figcaption").allInnerTexts()).toEqual([
      "relu2.out",
      "1/9",
      expect.stringContaining("products"),
    ]);
    expect(await marked(page, "source")).toEqual(["relu2.out/2"]);
    expect((await selected(page)).value).toBe(explain(right, parseCell("avgpool1.out[0,2,6,7]")).value);
    await page.keyboard.press("b");
    await click(page, "grad.relu2.out[0,2,13,15]");
    const { value, says } = explain(right, parseCell("grad.relu2.out[0,2,13,15]"));
    expect((await selected(page)).value).toBe(value);
    expect(await page.locator(".sheet .says").innerText()).toBe(says);
    expect(await page.locator(".squares").first().locator("figure").count()).toBe(3);
  },
);

testInBrowser(
  "what a curve makes of a number is named once, and a number beside others keeps its place",
  async () => {
    const spec: ModelSpec = {
      input: [1, 28, 28],
      layers: [
        { type: "conv2d", filters: 4, kernel: 3, padding: 1 },
        { type: "sigmoid" },
        { type: "conv2d", filters: 4, kernel: 3, padding: 1, groups: 2 },
        { type: "concat", from: ["sigmoid1", "conv2"], name: "add1" },
        { type: "globalAveragePool2d" },
        { type: "dense", units: 10 },
      ],
    };
    const page = await openNetwork(spec);
    const right = traceOf(spec);
    await click(page, "sigmoid1.out[0,3,6,7]");
    const line = await page.locator(".sheet tbody tr").innerText();
    expect(line.split("σ(")).toHaveLength(2);
    await click(page, "conv2.out[0,3,6,7]");
    expect(await marked(page, "source")).toEqual(
      expect.arrayContaining(["sigmoid1.out/2", "sigmoid1.out/3"]),
    );
    await click(page, "add1.out[0,5,6,7]");
    expect(await marked(page, "source")).toEqual(["conv2.out/1"]);
    expect((await selected(page)).value).toBe(explain(right, parseCell("add1.out[0,5,6,7]")).value);
  },
);

testInBrowser("pages turn with the selection, and keys move it in any layer", async () => {
  const page = await openNetwork(residual(12));
  await click(page, "add1.out[0,7,12,14]");
  await page.keyboard.press("PageDown");
  await page.keyboard.press("ArrowRight");
  expect((await selected(page)).address).toBe("add1.out[0, 8, 12, 15]");
  // what only repeats the pictures before it is folded until somebody wants to see it
  expect(await page.locator('[data-picture^="flatten1.out/"]').count()).toBe(0);
  await page.locator('[data-layer="flatten1"]').getByRole("button").click();
  for (const name of ["stem", "relu1", "conv2", "add1", "avgpool1", "flatten1"]) {
    expect(await page.locator(`[data-picture="${name}.out/8"]`).count()).toBe(1);
  }
  expect(await page.locator(".pager", { hasText: "channels" }).count()).toBe(1);
});

testInBrowser("a colour picture: red, green and blue by name and colour, and together", async () => {
  const page = await openNetwork({
    input: [3, 32, 32],
    layers: [
      { type: "conv2d", name: "stem", filters: 3, kernel: 3, padding: 1 },
      { type: "add", from: ["x", "stem"] },
      { type: "flatten" },
      { type: "dense", units: 10 },
    ],
    normalize: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  });
  await choosePicture(page);
  const names = await page.locator('[data-layer="x"] figcaption').allInnerTexts();
  expect(names).toEqual(["together", "red", "green", "blue"]);
  const labels = await page
    .locator('[data-picture^="x/"]')
    .evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  expect(labels).toEqual(["the input, red", "the input, green", "the input, blue"]);
  // left half red, right half blue
  const pixels = await page.locator('[data-layer="x"] canvas').evaluateAll((all) =>
    all.map((one) => {
      const context = (one as HTMLCanvasElement).getContext("2d") as CanvasRenderingContext2D;
      return [8, 24].map((column) => [...context.getImageData(column, 16, 1, 1).data].slice(0, 3));
    }),
  );
  const [together, red, green, blue] = pixels;
  for (const [k, wanted] of [
    [255, 0, 0],
    [0, 0, 255],
  ].entries())
    for (const [c, light] of wanted.entries()) expect(Math.abs(together[k][c] - light)).toBeLessThan(4);
  expect(red[0][0]).toBeGreaterThan(250);
  expect(Math.max(...red[1], ...green[0], ...green[1], ...blue[0])).toBeLessThan(4);
  expect(blue[1][2]).toBeGreaterThan(250);
  expect(blue[1][0]).toBeLessThan(blue[1][2]);
});

/** Drops a picture that is red at the left and blue at the right. */
async function choosePicture(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(32, 32);
    const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.fillStyle = "#f00";
    context.fillRect(0, 0, 16, 32);
    context.fillStyle = "#00f";
    context.fillRect(16, 0, 16, 32);
    const data = new DataTransfer();
    data.items.add(new File([await canvas.convertToBlob()], "halves.png", { type: "image/png" }));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.getByText("Undo").and(page.locator(":enabled")).waitFor();
}

testWholly("nudged, a weight moves the loss by all ways", async () => {
  const page = await openNetwork(residual(4));
  await page.locator('[data-picture="stem.weight/2"]').click();
  const { address } = await selected(page);
  await page.locator('.sheet input[type="range"]').fill("0.1");
  const [before, after] = lossesAlong(traceOf(residual(4)), parseCell(address), [0, 0.1]);
  await page.waitForFunction(
    (due) => document.querySelector<HTMLDataElement>("data[data-moved]")?.value === due,
    String(after - before),
  );
});
