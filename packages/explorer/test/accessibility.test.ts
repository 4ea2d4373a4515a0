import type { Page } from "playwright-core";
import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { few } from "../../../test/support/long.js";
import { CELL, lowContrasts, violations } from "./support/axe.js";
import { choose, selected } from "./support/page.js";
import { sharedVisit, visit } from "./support/visit.js";

/**
 * Axe has nothing to say: of the page, or these parts of it, as it is now in all respects, and of its other colours. A sample
 * sees the whole page in one view, and of other views the parts that this one has otherwise.
 */
async function expectAccess(page: Page, view: string, ...whole: string[]): Promise<void> {
  const within = few(SHOWN_ELSEWHERE[view] ?? whole, whole);
  expect(await violations(page, ...within), view).toEqual([]);
  await otherColours(page);
  expect(await lowContrasts(page, ...within), `${view}, in other colours`).toEqual([]);
  await otherColours(page);
}

/** One map of each layer. */
const MAPS = '[data-picture$="/0"]';
/** The parts in which the first view differs from a batch's gradients, and a phone from a wide window. */
const SHOWN_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  "at first": [".lead", ".scope", MAPS, CELL],
  "a phone, with the sheet open": ["header", MAPS, CELL],
};

/** By a script, as a menu that is open would close when something else is clicked. */
const otherColours = (page: Page) =>
  page.getByRole("button", { name: /^(Light|Dark) colours$/, includeHidden: true }).dispatchEvent("click");

testInBrowser("axe has nothing to say, in dark colours and in light ones", async () => {
  const { page, url } = await visit({ colorScheme: "dark" });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  expect(await theme()).toBe("dark");
  const at = (address: string) => page.locator(".value .address", { hasText: address }).waitFor();
  await expectAccess(page, "at first");
  const others = [
    ["fc1.out[0, 3]", "", CELL],
    ["conv1.weight[3, 0, 1, 1]", "", CELL],
    ["grad.conv1.weight[3, 0, 1, 1]", "&pass=backward", CELL],
  ];
  for (const [cell, more, ...within] of [
    ...few(others.slice(1, 2), others),
    ["grad.x[2, 0, 12, 14]", "&pass=backward&scope=batch&image=2&scale=map"], // all else that differs in one view
  ]) {
    await page.goto(`${url}#cell=${cell.replaceAll(" ", "")}${more}`);
    await at(cell);
    await expectAccess(page, cell, ...within);
  }
  await page.locator("summary", { hasText: "Save" }).click();
  await expectAccess(page, "the menu", "header:has(details)");
  await choose(page, "Open", "Check yours");
  await page.getByRole("dialog", { name: "Check yours" }).waitFor();
  await expectAccess(page, "check yours", "dialog[open]");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Keys and help" }).click();
  await page.getByRole("dialog", { name: "How this page works" }).waitFor();
  await expectAccess(page, "the help", "dialog[open]");
  await page.keyboard.press("Escape");
  expect(await theme()).toBe("dark");
});

testInBrowser(
  "everything by keyboard: draw a sample, walk to a map, move, follow, go back, turn around",
  async () => {
    const { page } = await sharedVisit();
    await page.keyboard.press("8");
    expect(await page.locator('[aria-label="Sample 8"]').getAttribute("aria-pressed")).toBe("true");

    // by Tab to the map of channel 3, which is one stop
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.picture);
    for (let tab = 0; tab < 80 && (await focused()) !== "conv1.out/3"; tab++)
      await page.keyboard.press("Tab");
    expect(await focused()).toBe("conv1.out/3");
    const outline = () =>
      page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    expect(await outline()).toBe("solid");

    await page.keyboard.press("Enter");
    expect((await selected(page)).address).toBe("conv1.out[0, 3, 12, 12]");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect((await selected(page)).address).toBe("conv1.out[0, 3, 14, 13]");
    await page.keyboard.press("PageDown");
    const here = await selected(page);
    expect(here.address).toBe("conv1.out[0, 4, 14, 13]");
    const announced = await page.locator('p.sr-only[aria-live="polite"]').innerText();
    expect(announced).toBe(`${here.address} is ${here.text}`);

    await page.keyboard.press("Enter"); // the largest term's pixel
    expect((await selected(page)).address).toMatch(/^x\[/);
    await page.keyboard.press("Backspace");
    expect(await selected(page)).toEqual(here);

    await page.keyboard.press("b");
    expect((await selected(page)).address).toBe("grad.conv1.out[0, 4, 14, 13]");
    await page.keyboard.press("f");
    expect((await selected(page)).address).toBe(here.address);
    await page.keyboard.press("?");
    expect(await page.getByRole("dialog", { name: "How this page works" }).isVisible()).toBe(true);
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
  },
);

testInBrowser("nothing is cut off, from a phone to a projector", async () => {
  const { page, url } = await sharedVisit();
  const sizes = [
    [360, 640],
    [768, 1024],
    [1200, 800],
    [1920, 1080],
  ];
  for (const [cell, more] of [
    ["fc1.out[0, 3]", ""],
    ["grad.conv1.weight[3, 0, 1, 1]", "&pass=backward&scope=batch"],
  ]) {
    await page.goto(`${url}#cell=${cell.replaceAll(" ", "")}${more}`);
    await page.locator(".sheet .address", { hasText: cell }).first().waitFor({ state: "attached" });
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(beyond, `${cell} at ${width} pixels`).toBeLessThanOrEqual(0);
    }
  }
});

testInBrowser("a phone: layers stand below each other, the sum comes up from below", async () => {
  const { page } = await visit({ viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true });
  const top = async (picture: string) =>
    (await page.locator(`[data-picture="${picture}"]`).boundingBox())?.y ?? 0;
  expect(await top("relu1.out/0")).toBeGreaterThan(await top("conv1.out/7"));
  expect(await page.locator(".sheet .content").isVisible()).toBe(false);
  await page.locator('[data-picture="conv1.out/3"]').tap();
  expect(await page.locator(".sheet .bar").innerText()).toMatch(/conv1\.out\[0, 3, /);
  await page.locator(".sheet .bar").tap();
  expect(await page.locator(".sheet [data-total]").isVisible()).toBe(true);
  await expectAccess(page, "a phone, with the sheet open");
});

testInBrowser("who asked for less motion gets none", async () => {
  const { page } = await sharedVisit();
  const durations = () =>
    page.evaluate(() => {
      const all = [...document.querySelectorAll("*")].flatMap((one) => {
        const { transitionDuration, animationDuration } = getComputedStyle(one);
        return `${transitionDuration}, ${animationDuration}`.split(", ");
      });
      return [...new Set(all)];
    });
  expect((await durations()).length).toBeGreaterThan(1); // others get some
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(await durations()).toEqual(["0s"]);
  await page.emulateMedia({ reducedMotion: null });
});
