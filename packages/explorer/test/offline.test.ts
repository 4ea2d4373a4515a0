import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { probabilities, selected } from "./support/page.js";
import { sharedVisit, visit } from "./support/visit.js";

testInBrowser("after the first visit the page needs no network", async () => {
  const { page, url, cut } = await visit({ serviceWorkers: "allow" });
  const first = [await probabilities(page), await selected(page)];
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
    }
  });
  await cut();
  await expect(fetch(url)).rejects.toThrow();
  await page.reload();
  await page.locator("main").waitFor();
  expect([await probabilities(page), await selected(page)]).toEqual(first);
  // what is loaded only when it is asked for is there, too
  await page.goto(`${url}#network=convnet&cell=conv2.out[0,1,2,3]`);
  await page.locator('[data-picture="conv2.out/1"]').waitFor({ timeout: 20_000 });
});

testInBrowser("everything is served with what makes a page isolated", async () => {
  const { page } = await sharedVisit();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});
