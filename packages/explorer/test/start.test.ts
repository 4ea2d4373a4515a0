import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { few, LONG } from "../../../test/support/long.js";
import { violations } from "./support/axe.js";
import { probabilities, selected } from "./support/page.js";
import { visit } from "./support/visit.js";

/* *Start here*: six steps that move by themselves, in two languages, and that nobody has to look at. */

testInBrowser(
  "the first minute: asked once, steps that move, paused, back, on, by keyboard, left by any click",
  async () => {
    const { page, url } = await visit({ locale: "en-US" });
    await page.getByText("Draw a digit: a small network reads it").waitFor();
    // the answer is there meanwhile, and nothing moved since the first paint
    expect((await probabilities(page)).indexOf(Math.max(...(await probabilities(page))))).toBe(3);
    const shifts = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) sum += (entry as unknown as { value: number }).value;
          }).observe({ type: "layout-shift", buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
        }),
    );
    expect(shifts).toBeLessThan(0.05);

    await page.getByRole("button", { name: "Start here" }).press("Enter");
    const card = page.getByRole("region", { name: "Start here" });
    await card.getByText("Step 1 of 6").waitFor();
    // the pen moves by itself, until the network reads a 7: in a sample it is drawn as one picture, below
    if (LONG)
      await page.waitForFunction(() => {
        const values = [...document.querySelectorAll<HTMLDataElement>("fieldset data")].map((one) =>
          Number(one.value),
        );
        return values.indexOf(Math.max(...values)) === 7;
      });
    if (LONG) expect(await violations(page, ".start")).toEqual([]);

    // the kernel leaves number after number in its map; what isn't there yet is empty
    await page.keyboard.press("ArrowRight");
    await card.getByText("A kernel slides over the digit").waitFor();
    await page.waitForFunction(() => document.querySelector(".start [data-squares]"));
    const { address } = await selected(page);
    const filter = /^conv1\.out\[0, (\d), /.exec(address)?.[1];
    const empty = () =>
      page.locator(`[data-picture="conv1.out/${filter}"] canvas`).evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const context = (canvas as HTMLCanvasElement).getContext("2d") as CanvasRenderingContext2D;
        const { data } = context.getImageData(0, 0, width, height);
        return data.filter((_, k) => k % 4 === 3 && data[k] === 0).length;
      });
    // paused, nothing moves; then it goes on, one number after the other, however busy the machine is
    await card.getByRole("button", { name: "Pause" }).click();
    await page.clock.install({ time: 0 });
    await page.clock.pauseAt(1000);
    const [paused, before] = [await selected(page), await empty()];
    expect(before).toBeGreaterThan(0);
    await page.clock.runFor(10_000);
    expect([await selected(page), await empty()]).toEqual([paused, before]);
    await card.getByRole("button", { name: "Play" }).click();
    await page.clock.runFor(10);
    expect(await selected(page)).not.toEqual(paused);
    expect(await empty()).toBe(before - 1);
    await card.getByRole("button", { name: "Pause" }).click();
    await page.clock.resume();

    await card.getByRole("combobox").selectOption("Deutsch");
    const german = page.getByRole("region", { name: "Fang hier an" });
    await german.getByText("Schritt 2 von 6").waitFor();
    for (const title of few(["ReLU"], ["ReLU", "Pooling", "Zehn Punktzahlen"])) {
      await german.getByRole("button", { name: "Weiter" }).click();
      await german.getByRole("heading", { name: title }).waitFor();
    }
    if (LONG) {
      await german.getByRole("button", { name: "Zurück" }).click();
      await german.getByRole("heading", { name: "Pooling" }).waitFor();
      for (const _ of "12") await german.getByRole("button", { name: "Weiter" }).click();
      await german.getByText("Nehmen wir an, es sollte eine 1 sein.").waitFor();
    }

    // a click elsewhere does what it does there, and the steps are gone
    await page.locator('[data-picture="relu1.out/2"]').click();
    expect(await german.count()).toBe(0);
    expect((await selected(page)).address).toMatch(/^(grad\.)?relu1\.out\[0, 2/);

    // who comes back isn't asked, and finds it in the header
    await page.goto("about:blank");
    await page.goto(url);
    await page.getByText("From left to right").waitFor();
    await page.getByRole("button", { name: "Fang hier an" }).click();
    await german.waitFor();
    await page.keyboard.press("Escape");
    expect(await german.count()).toBe(0);

    // who asked for less motion gets each step as one still picture, and goes on by a key
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.getByRole("button", { name: "Fang hier an" }).click();
    await german.getByText("Schritt 1 von 6").waitFor();
    expect((await probabilities(page))[7]).toBeGreaterThan(0.9);
    expect(await german.getByRole("button").allInnerTexts()).toEqual(["×", "Zurück", "Weiter"]);
    await page.keyboard.press("ArrowRight");
    await german.getByText("Schritt 2 von 6").waitFor();
    expect(await empty()).toBe(0);
    await page.keyboard.press("ArrowLeft");
    await german.getByText("Schritt 1 von 6").waitFor();
    await page.keyboard.press("Escape");
    await page.emulateMedia({ reducedMotion: null });
  },
);
