import { describe, expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { violations } from "./support/axe.js";
import { choose, selected } from "./support/page.js";
import { visit } from "./support/visit.js";

const views = [
  "",
  "cell=fc1.out[0,3]",
  "cell=conv1.weight[3,0,1,1]",
  "pass=backward&cell=grad.conv1.weight[3,0,1,1]",
  "pass=backward&cell=grad.x[0,0,12,14]&scope=batch&image=2&scale=map",
];

describe.each(["light", "dark"] as const)("axe has nothing to say, %s", (colorScheme) => {
  testInBrowser("the main views", async () => {
    const { page, url } = await visit({ colorScheme });
    for (const view of views) {
      await page.goto(`${url}#${view}`);
      await page.waitForTimeout(50);
      expect(await violations(page), view).toEqual([]);
    }
  });

  testInBrowser("menus and dialogs", async () => {
    const { page } = await visit({ colorScheme });
    await page.locator("summary", { hasText: "Save" }).click();
    expect(await violations(page)).toEqual([]);
    await choose(page, "Open", "Check yours");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Keys and help" }).click();
    expect(await violations(page)).toEqual([]);
  });

  testInBrowser("a phone, with the sheet open", async () => {
    const { page } = await visit({
      colorScheme,
      viewport: { width: 360, height: 780 },
      hasTouch: true,
      isMobile: true,
    });
    await page.locator(".sheet .bar").click();
    expect(await violations(page)).toEqual([]);
  });
});

testInBrowser(
  "everything by keyboard: draw a sample, walk to a map, move, follow, go back, turn around",
  async () => {
    const { page } = await visit();
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
  const { page, url } = await visit();
  const sizes = [
    [360, 640],
    [768, 1024],
    [1200, 800],
    [1920, 1080],
  ];
  for (const view of ["cell=fc1.out[0,3]", "pass=backward&cell=grad.conv1.weight[3,0,1,1]&scope=batch"]) {
    await page.goto(`${url}#${view}`);
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(50);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(beyond, `${view} at ${width} pixels`).toBeLessThanOrEqual(0);
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
});

testInBrowser("who asked for less motion gets none", async () => {
  const { page } = await visit({ reducedMotion: "reduce" });
  const durations = await page.evaluate(() =>
    [...document.querySelectorAll("*")].flatMap((one) => {
      const { transitionDuration, animationDuration } = getComputedStyle(one);
      return `${transitionDuration}, ${animationDuration}`.split(", ");
    }),
  );
  expect(new Set(durations)).toEqual(new Set(["0s"]));
});
