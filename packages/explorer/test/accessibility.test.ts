import type { Page } from "playwright-core";
import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { few, LONG, sampleOf } from "../../../test/support/long.js";
import { CELL, lowContrasts, violations } from "./support/axe.js";
import { choose, selected } from "./support/page.js";
import { PHONE, sharedVisit, visit } from "./support/visit.js";

/**
 * Axe has nothing to say: of the page, or these parts of it, as it is now in all respects, and of its other colours. A sample
 * sees the whole page in one view, and of other views the parts that this one has otherwise, in the colours that they have now.
 */
async function expectAccess(page: Page, view: string, ...whole: string[]): Promise<void> {
  const within = few(SHOWN_ELSEWHERE[view] ?? whole, whole);
  expect(await violations(page, ...within), view).toEqual([]);
  if (few(within.length > 0, false)) return;
  await otherColours(page);
  expect(await lowContrasts(page, ...within), `${view}, in other colours`).toEqual([]);
  await otherColours(page);
}

/** The parts in which the first view differs from a batch's gradients. */
const SHOWN_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  "at first": [".lead", CELL],
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
    ...few([], others),
    ["grad.x[2, 0, 12, 14]", "&pass=backward&scope=batch&image=2&scale=map"], // all else that differs in one view
  ]) {
    await page.goto(`${url}#cell=${cell.replaceAll(" ", "")}${more}`);
    await at(cell);
    await expectAccess(page, cell, ...within);
  }
  await otherColours(page);
  expect(await theme()).toBe("light");
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
  await page.getByRole("button", { name: "Start here" }).first().click();
  await page.getByRole("region", { name: "Start here" }).waitFor();
  await expectAccess(page, "the first steps", ".start");
  await page.keyboard.press("Escape");
  expect(await theme()).toBe("light");
});

testInBrowser(
  "everything by keyboard: draw a sample, walk to a map, move, follow, go back, turn around",
  async () => {
    const { page } = await sharedVisit();
    await page.keyboard.press("8");
    expect(await page.locator('[aria-label="Sample 8"]').getAttribute("aria-pressed")).toBe("true");

    // from the top to the tabs in a few stops, and on to the maps of a layer, which are one; then to the map of channel 3
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.picture);
    const role = () => page.evaluate(() => document.activeElement?.getAttribute("role"));
    let stops = 0;
    for (; stops < 40 && (await role()) !== "tab"; stops++) await page.keyboard.press("Tab");
    expect(await role()).toBe("tab");
    expect(stops).toBeLessThanOrEqual(12);
    const maps: (string | undefined)[] = [];
    for (; stops < 60 && maps.at(-1) !== "conv1.out/2"; stops++) {
      await page.keyboard.press("Tab");
      maps.push(await focused());
    }
    expect(maps.filter((one) => one?.startsWith("conv1.out/"))).toEqual(["conv1.out/2"]); // where the selected cell is
    await page.keyboard.press("PageUp");
    expect((await selected(page)).address).toMatch(/^conv1\.out\[0, 1, /);
    for (const turn of ["PageDown", "PageDown"]) await page.keyboard.press(turn);
    expect(await focused()).toBe("conv1.out/3");
    const outline = () =>
      page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    expect(await outline()).toBe("solid");

    await page.locator('[data-picture="conv1.out/3"]').click({ position: { x: 25, y: 25 } });
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

/** Of a window's size: what goes beyond it, and what isn't in it as a whole. */
const outOfSight = (page: Page) =>
  page.evaluate(() => {
    const sheet = document.querySelector(".sheet") as HTMLElement;
    const tabs = [...document.querySelectorAll("[role=tab]")];
    const isOver = getComputedStyle(sheet).position === "fixed";
    const bottom = (isOver ? sheet : tabs[0]).getBoundingClientRect().top;
    const isIn = (least: number) => (element: Element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= least;
    };
    const all = (selector: string) => [...document.querySelectorAll(selector)];
    const toEnd = all(".to-end").filter(isIn(bottom));
    return {
      beyond: document.documentElement.scrollWidth - innerWidth,
      tabs: tabs.filter((tab) => !isIn(innerHeight)(tab)).length,
      pad: all(".pad").filter((pad) => !isIn(bottom)(pad)).length,
      bars: all("fieldset data").filter((bar) => !isIn(bottom)(bar)).length,
      // the scores, the probabilities and the loss, or the one step to them
      end:
        toEnd.length > 0 ? 0 : all("#network-end [data-picture]").filter((one) => !isIn(bottom)(one)).length,
    };
  });

testInBrowser(
  "pad, answer, tabs and the network's end are in sight, from a phone to a projector",
  async () => {
    const { page, url } = await sharedVisit();
    const nothing = { beyond: 0, tabs: 0, pad: 0, bars: 0, end: 0 };
    const sizes = [
      [360, 740],
      [390, 844],
      [768, 1024],
      [853, 533], // 1280 x 800 at 150%
      [960, 600], // 1440 x 900 at 150%
      [1280, 720],
      [1280, 800],
      [1440, 900],
      [1920, 1080],
    ];
    for (const [cell, more] of [
      ["fc1.out[0, 3]", ""],
      ["grad.conv1.weight[3, 0, 1, 1]", "&pass=backward&scope=batch"],
    ]) {
      await page.goto(`${url}#cell=${cell.replaceAll(" ", "")}${more}`);
      await page.locator(".sheet .address", { hasText: cell }).first().waitFor({ state: "attached" });
      for (const [width, height] of few(
        more ? sizes.slice(0, 1) : sizes.filter((_, k) => k % 3 === 0),
        sizes,
      )) {
        await page.setViewportSize({ width, height });
        await page.evaluate(() => new Promise(requestAnimationFrame)); // sizes of maps follow the window's
        const { beyond, ...rest } = await outOfSight(page);
        expect(beyond, `${cell} at ${width} pixels`).toBeLessThanOrEqual(0);
        expect({ beyond: 0, ...rest }, `${cell} at ${width} x ${height}`).toEqual(nothing);
      }
    }
    // an open tab stands beside all that, never over it, and its edge moves by keyboard
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.goto(`${url}#tab=lessons&cell=conv1.weight[3,0,2,1]`);
    await page.locator(".drawer .open").waitFor();
    expect(await outOfSight(page)).toEqual(nothing);
    const boxOf = async (part: string) => (await page.locator(part).boundingBox()) ?? { x: 0, width: 0 };
    const { x, width } = await boxOf(".drawer .open");
    const network = await boxOf(".network#network");
    expect(network.x + network.width).toBeLessThanOrEqual(x);
    await page.getByText("Nudge it").click(); // which a lesson asks for: nothing lies over it
    await page.getByRole("separator", { name: "Width of the drawer" }).press("ArrowRight");
    expect((await boxOf(".drawer .open")).width).toBe(width - 24);
    // on small screens it has the whole window, and the picture leads back
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await boxOf(".drawer .open")).toMatchObject({ x: 0, width: 390 });
    expect((await outOfSight(page)).tabs).toBe(0);
    await page.getByRole("button", { name: "Back to the network" }).click();
    expect(await page.locator(".drawer .open").count()).toBe(0);
  },
);

testInBrowser("a phone: layers stand below each other, the sum comes up from below", async () => {
  const { page } = await visit(PHONE);
  const top = async (picture: string) =>
    (await page.locator(`[data-picture="${picture}"]`).boundingBox())?.y ?? 0;
  expect(await top("relu1.out/0")).toBeGreaterThan(await top("conv1.out/7"));
  expect(await page.locator(".sheet .content").isVisible()).toBe(false);
  await page.locator('[data-picture="conv1.out/3"]').tap();
  expect(await page.locator(".sheet .bar").innerText()).toMatch(/conv1\.out\[0, 3, /);
  await page.locator(".sheet .bar").tap();
  expect(await page.locator(".sheet [data-total]").isVisible()).toBe(true);
  if (LONG) await expectAccess(page, "a phone, with the sheet open");
});

testInBrowser("presenting: large, without scrolling, and what the pointer rests on opens", async () => {
  const { page } = await sharedVisit();
  await page.setViewportSize({ width: 1280, height: 720 });
  const size = () => page.evaluate(() => Number.parseFloat(getComputedStyle(document.body).fontSize));
  const usual = await size();
  await page.keyboard.press("p");
  expect(await size()).toBeGreaterThan(usual);
  const sizes = [
    [1280, 720],
    [1920, 1080],
  ];
  for (const [width, height] of sampleOf(sizes, 1)) {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await outOfSight(page)).toEqual({ beyond: 0, tabs: 0, pad: 0, bars: 0, end: 0 });
    const scrolls = await page.evaluate(() =>
      ["#network", ".scroller", ".input", ".side"].filter((part) => {
        const { scrollHeight, clientHeight, scrollWidth, clientWidth } = document.querySelector(
          part,
        ) as Element;
        return scrollHeight > clientHeight + 1 || scrollWidth > clientWidth + 1;
      }),
    );
    expect(scrolls, `at ${width} pixels`).toEqual([]);
  }
  await page.locator('[data-picture="relu1.out/2"]').hover({ position: { x: 30, y: 50 } });
  expect((await selected(page)).address).toMatch(/^relu1\.out\[0, 2, /);
  if (LONG) expect(await violations(page, CELL, "header")).toEqual([]);

  // of more maps than there is room for fewer are a page, with the selected one among them
  await page.evaluate(() => {
    location.hash = "network=lenet5&cell=conv2.out[0,15,3,3]";
  });
  await page.locator('[data-picture="conv2.out/15"]').waitFor();
  const maps = page.locator('[data-picture^="conv2.out/"]');
  const beyond = () =>
    page.locator("#network").evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight);
  for (const [width, height, fit] of [
    [1920, 1080, 8],
    [1280, 720, 4], // the last page of six: channels 12 to 15
  ]) {
    await page.setViewportSize({ width, height });
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    expect([await maps.count(), await beyond()], `at ${width} pixels`).toEqual([fit, 0]);
  }
  await page.keyboard.press("Escape");
  expect(await size()).toBe(usual);
  expect(await maps.count()).toBe(8);
  expect(await page.locator('[data-picture="conv2.out/15"] .selected').count()).toBe(1);
});

testInBrowser(
  "what changed is said once; keys go to the tabs; text may be spaced, and colours forced",
  async () => {
    const { page } = await sharedVisit("cell=conv1.out[0,3,12,12]");
    const live = () =>
      page.evaluate(() =>
        [...document.querySelectorAll("[aria-live], [role=status], [role=alert]")]
          .map((one) => (one.textContent ?? "").trim())
          .filter((text) => text !== ""),
      );
    await page.keyboard.press("ArrowRight");
    const here = await selected(page);
    expect(await live()).toEqual([`${here.address} is ${here.text}`]);

    // lists and grids are one stop each, and arrow keys go through them
    for (const list of [".shelf .digits", ".sheet table", ".squares .square"]) {
      const buttons = page.locator(list).first().getByRole("button");
      const stops = await buttons.evaluateAll(
        (all) => all.filter((one) => (one as HTMLElement).tabIndex === 0).length,
      );
      expect(stops, list).toBe(1);
      const hasFocus = (at: number) => buttons.nth(at).evaluate((one) => one === document.activeElement);
      await buttons.first().focus();
      await page.keyboard.press("ArrowRight");
      expect(await hasFocus(1), list).toBe(true);
      await page.keyboard.press("Home");
      expect(await hasFocus(0), list).toBe(true);
    }

    await page.keyboard.press("t");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("tab");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Collect");
    await page.keyboard.press(".");
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Time it");
    await page.getByRole("button", { name: "Close the drawer" }).click();

    // WCAG 1.4.12: with this much room between lines, letters and words nothing goes beyond the window
    const style = await page.addStyleTag({
      content:
        "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }",
    });
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      await page.evaluate(() => new Promise(requestAnimationFrame));
      const { beyond, tabs, pad } = await outOfSight(page);
      expect({ beyond: Math.max(0, beyond), pad, tabs: width > 360 ? tabs : 0 }).toEqual({
        beyond: 0,
        pad: 0,
        tabs: 0,
      });
    }
    await style.evaluate((element) => (element as Element).remove());
    await page.emulateMedia({ forcedColors: "active" });
    const bar = page.locator(".best .bar").first();
    expect(await bar.evaluate((one) => getComputedStyle(one).backgroundColor)).not.toBe(
      await page
        .locator(".best .track")
        .first()
        .evaluate((one) => getComputedStyle(one).backgroundColor),
    );
    await page.emulateMedia({ forcedColors: null });
  },
);

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
