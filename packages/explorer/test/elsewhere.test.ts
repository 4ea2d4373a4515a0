import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { oneConv } from "unravel-cnn";
import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { onlyLong } from "../../../test/support/long.js";
import { parseZip } from "../../core/src/formats/zip.js";
import { downloaded, probabilities } from "./support/page.js";
import { sharedVisit } from "./support/visit.js";

/* Networks for other programs under Save, and theirs under Open. */

async function open(page: Page, name: string, bytes: Uint8Array | string) {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  await page.locator('input[aria-label="A file to open"]').setInputFiles(path);
}

testInBrowser("a network is saved for other programs, and comes back from ONNX", async () => {
  const { page } = await sharedVisit();
  const before = await probabilities(page);
  const keep = (title: RegExp) =>
    downloaded(page, async () => {
      await page.locator("summary", { hasText: "Save" }).click();
      const button = page.getByRole("button", { name: title });
      if (!(await button.isVisible())) {
        await page.locator("summary", { hasText: "for other programs" }).click();
      }
      await button.click();
    });

  const html = await keep(/^A page that reads pictures/);
  expect(html.name).toBe("model.html");
  expect(new TextDecoder().decode(html.bytes)).toMatch(/^<!doctype html>/i);
  const module = await keep(/^A JavaScript module/);
  const names = parseZip(
    module.bytes,
    () => true,
    (problem): never => {
      throw new Error(problem);
    },
  ).map(({ name }) => name);
  expect([module.name, names]).toEqual(["model-js.zip", ["model.js", "model.d.ts"]]);
  const onnx = await keep(/^ONNX/);
  expect(onnx.name).toBe("model.onnx");

  await open(page, "back.onnx", onnx.bytes);
  await page.getByText("back.onnx").first().waitFor();
  const after = await probabilities(page);
  expect(after.length).toBe(before.length);
  for (const [k, value] of after.entries()) expect(value).toBeCloseTo(before[k], 6);
});

testInBrowser("what a file of other programs lacks is said, and where arrays are compared", async () => {
  const { page } = await sharedVisit();
  const notice = page.locator(".notice p");
  await open(
    page,
    "model.json",
    JSON.stringify({
      format: "layers-model",
      modelTopology: { class_name: "Sequential", config: { layers: [] } },
      weightsManifest: [{ paths: ["model.weights.bin"], weights: [] }],
    }),
  );
  await notice.filter({ hasText: "model.json" }).waitFor();
  await open(page, "mine.npz", "PK");
  await notice
    .filter({ hasText: /Arrays of your own implementation are compared by Open, Check yours\.$/ })
    .waitFor();
  // a good file takes what was wrong with another along
  await open(page, "good.json", JSON.stringify(oneConv({ filters: 2 })));
  await page.getByText("good.json").first().waitFor();
  expect(await notice.count()).toBe(0);
});

onlyLong(testInBrowser)("the menu fits a phone", async () => {
  const { page } = await sharedVisit();
  await page.setViewportSize({ width: 360, height: 740 });
  for (const name of ["Open", "Save"]) {
    await page.locator("summary", { hasText: name }).click();
    const menu = page.locator(".menu:visible");
    if (name === "Save") await menu.getByText("for other programs").click();
    const { x, y, width, height } = (await menu.boundingBox()) ?? { x: -1, y: 0, width: 0, height: 0 };
    expect(x, name).toBeGreaterThanOrEqual(0);
    expect(x + width, name).toBeLessThanOrEqual(360);
    expect(y + height, name).toBeLessThanOrEqual(740);
    await page.keyboard.press("Escape");
  }
});
