import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { stroke } from "./support/page.js";
import { visit } from "./support/visit.js";

declare global {
  /** The pictures that were painted, by the keys that the page gives them. */
  var painted: string[];
}

function watchPainting() {
  globalThis.painted = [];
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image: ImageData, x: number, y: number) {
    globalThis.painted.push(this.canvas.closest<HTMLElement>("[data-picture]")?.dataset.picture ?? "");
    Reflect.apply(put, this, [image, x, y]);
  };
}

testInBrowser("a stroke paints what it changes: maps, but no kernels", async () => {
  const { page } = await visit({ before: watchPainting });
  const paintedSince = () => page.evaluate(() => globalThis.painted.splice(0));
  expect(await paintedSince()).toEqual(expect.arrayContaining(["conv1.weight/0", "conv1.out/0"]));
  await stroke(page, [
    [0.3, 0.2],
    [0.4, 0.6],
  ]);
  const painted = new Set(await paintedSince());
  expect([...painted].filter((key) => key.startsWith("conv1.out/")).length).toBe(8);
  expect([...painted].filter((key) => /^conv1\.(weight|bias)\//.test(key))).toEqual([]);
  // the other theme has other colours for all
  await page.getByRole("button", { name: "Dark colours" }).click();
  await page.waitForFunction(() => globalThis.painted.includes("conv1.weight/0"));
});
