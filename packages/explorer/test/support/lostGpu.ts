import type { Page } from "playwright-core";
import { expect } from "vitest";
import { phase, steps } from "./training.js";

/** Of a training that is paused: the same on a GPU, which is lost while it runs; WebAssembly goes on, and the page says so. */
export async function loseGpu(page: Page): Promise<void> {
  const worker = page.workers().find((one) => one.url().includes("trainWorker"));
  await worker?.evaluate(() => {
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      const device = await request.call(this, descriptor);
      Object.assign(globalThis, { lose: () => device.destroy() });
      return device;
    };
  });
  await page.getByLabel("computed by").selectOption("GPU");
  await page.getByRole("button", { name: "Restart with these" }).click();
  const notice = page.getByRole("status");
  await notice.filter({ hasText: /^The GPU trains \(.+\)\.$/ }).waitFor();
  await phase(page, "paused");
  await page.getByRole("button", { name: "Play" }).click();
  await phase(page, "running");
  await worker?.evaluate(() => (globalThis as unknown as { lose(): void }).lose());
  const lost = /^The GPU was lost \(.+\); training goes on in WebAssembly after step ([\d,]+)\.$/;
  await notice.filter({ hasText: lost }).waitFor();
  const [, after] = lost.exec(await notice.filter({ hasText: lost }).innerText()) ?? [];
  await page.getByRole("button", { name: "Pause" }).click();
  await phase(page, "paused");
  expect(await steps(page)).toBeGreaterThanOrEqual(Number(after.replaceAll(",", "")));
  await page.getByRole("button", { name: "Play" }).click();
  await phase(page, "running");
}
