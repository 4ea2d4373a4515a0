import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { probabilities, stroke } from "./support/page.js";
import { visit } from "./support/visit.js";

declare global {
  /** What was there of the page after each change of it. */
  var stages: { pad: boolean; columns: number; areColumnsSeen: boolean; notes: boolean; cell: boolean }[];
  /** The pictures that were painted, by the keys that the page gives them. */
  var painted: string[];
  /** How often a picture was drawn larger or smaller than it is. */
  var scaled: number;
  /** What came or went of the page. */
  var moved: string[];
}

/** What is changed in a task is told at its end, so that each task of the start is seen here. */
function watchStart() {
  globalThis.stages = [];
  new MutationObserver(() => {
    const columns = [...document.querySelectorAll<HTMLElement>("#network .column")];
    globalThis.stages.push({
      pad: document.querySelector(".pad") !== null,
      columns: columns.length,
      areColumnsSeen: columns.some((column) => column.checkVisibility()),
      notes: document.getElementById("notes") !== null,
      cell: document.querySelector(".sheet .value") !== null,
    });
  }).observe(document, { childList: true, subtree: true });

  globalThis.painted = [];
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image: ImageData, x: number, y: number) {
    globalThis.painted.push(this.canvas.closest<HTMLElement>("[data-picture]")?.dataset.picture ?? "");
    Reflect.apply(put, this, [image, x, y]);
  };
  globalThis.scaled = 0;
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...given: unknown[]) {
    if (given.length > 3) globalThis.scaled += 1;
    Reflect.apply(draw, this, given);
  };
}

testInBrowser(
  "the page comes piece by piece, seen when all is there; a stroke changes numbers and paints maps, and nothing else",
  async () => {
    const { page } = await visit({ before: watchStart });
    const stages = await page.evaluate(() => globalThis.stages);
    const { columns } = stages[stages.length - 1];
    expect(stages.some(({ pad, columns }) => pad && columns === 0)).toBe(true);
    expect(new Set(stages.map((stage) => stage.columns)).size).toBeGreaterThanOrEqual(6); // one-conv: x, four layers, the end
    expect(stages.every((stage) => !stage.areColumnsSeen || stage.columns === columns)).toBe(true);
    expect(stages.some((stage) => stage.areColumnsSeen && !stage.notes)).toBe(true);
    expect(stages.some(({ notes, cell }) => notes && !cell)).toBe(true);

    // what is in menus and dialogs comes when they are opened
    expect(await page.locator(".menu > *, dialog").count()).toBe(0);
    await page.locator("summary").filter({ hasText: "Open" }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".menu button").filter({ hasText: "lenet5" }).waitFor();
    const help = page.getByRole("button", { name: "Keys and help" });
    await help.click();
    await page.locator("dialog h2").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    expect(await help.evaluate((button) => button === document.activeElement)).toBe(true);

    const paintedSince = () => page.evaluate(() => globalThis.painted.splice(0));
    expect(await paintedSince()).toEqual(expect.arrayContaining(["conv1.weight/0", "conv1.out/0"]));
    await stroke(page, [
      [0.3, 0.2],
      [0.4, 0.6],
    ]);
    const painted = new Set(await paintedSince());
    expect([...painted].filter((key) => key.startsWith("conv1.out/")).length).toBe(8);
    expect([...painted].filter((key) => /^conv1\.(weight|bias)\//.test(key))).toEqual([]);

    // what lies under the strokes was enlarged at the first one; numbers change, and no part of the page comes or goes
    await page.evaluate(() => {
      globalThis.scaled = 0;
      globalThis.moved = [];
      const note = (node: Node) => globalThis.moved.push(node.textContent ?? "");
      new MutationObserver((all) => {
        for (const { addedNodes, removedNodes } of all) [...addedNodes, ...removedNodes].forEach(note);
      }).observe(document.querySelector("main") as HTMLElement, { childList: true, subtree: true });
    });
    const before = await probabilities(page);
    await stroke(page, [
      [0.6, 0.7],
      [0.3, 0.8],
    ]);
    expect(await probabilities(page)).not.toEqual(before);
    expect(await page.evaluate(() => [globalThis.scaled, globalThis.moved])).toEqual([0, []]);

    // the other theme has other colours for all
    await page.getByRole("button", { name: "Dark colours" }).click();
    await page.waitForFunction(() => globalThis.painted.includes("conv1.weight/0"));
  },
);
