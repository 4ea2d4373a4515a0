import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { onlyLong } from "../../../test/support/long.js";
import { zipOf } from "./support/collection.js";
import { visit } from "./support/visit.js";

/* Which camera the tab *Collect* takes, where there are several. */

const COLLECT = ".collect";
const testWholly = onlyLong(testInBrowser);

/** The name of the camera whose picture is shown; undefined: none is. */
const cameraOn = (page: Page) =>
  page.locator(".collect video").evaluate((video) => {
    const stream = (video as HTMLVideoElement).srcObject as MediaStream | null;
    return stream?.getVideoTracks()[0].label;
  });

/** From here on the page is on a device whose cameras say where they look, or don't. Asked for a side, it takes one that has it. */
function cameraSides(sides: Readonly<Record<string, string>>): void {
  const { mediaDevices } = navigator;
  const { getUserMedia } = MediaDevices.prototype;
  const { getSettings } = MediaStreamTrack.prototype;
  mediaDevices.getUserMedia = async (wanted) => {
    const { facingMode, ...others } = Object(wanted?.video) as MediaTrackConstraints;
    const all = await mediaDevices.enumerateDevices();
    const found = all.find(({ label }) => facingMode !== undefined && sides[label] === facingMode);
    const video = found ? { deviceId: { exact: found.deviceId } } : others;
    return getUserMedia.call(mediaDevices, { video });
  };
  MediaStreamTrack.prototype.getSettings = function () {
    const facingMode = sides[this.label];
    return { ...getSettings.call(this), ...(facingMode && { facingMode }) };
  };
}

const which = (page: Page) => page.locator(COLLECT).getByRole("combobox", { name: "Camera", exact: true });
const shown = (page: Page) => which(page).locator("option:checked").innerText();
const choices = (page: Page) => which(page).locator("option").allInnerTexts();
const pictures = (page: Page) => page.locator('[role="row"]').first().locator(".picture");
const button = (page: Page, name: string | RegExp) => page.locator(COLLECT).getByRole("button", { name });
const [first, second] = ["fake_device_0", "fake_device_1"];
const begin = async (page: Page) => {
  await page.locator(COLLECT).getByText("Camera", { exact: true }).click();
  await button(page, "Start the camera").click();
  await expect.poll(() => cameraOn(page)).toBeDefined();
};

testInBrowser(
  "the one that was chosen is on, and said, until it is unplugged; what it sees is learnt, and answered",
  async () => {
    const { page } = await visit({ link: "tab=collect", camera: 2 });
    await begin(page);
    await expect.poll(() => choices(page)).toEqual([first, second]);
    expect([await cameraOn(page), await shown(page)]).toEqual([first, first]);
    await which(page).selectOption(second);
    await expect.poll(() => cameraOn(page)).toBe(second);
    await button(page, "Stop the camera").click();
    await button(page, "Start the camera").click();
    await expect.poll(() => cameraOn(page)).toBe(second);
    expect(await shown(page)).toBe(second);

    // unplugged, while pictures are taken
    await button(page, /^Hold/).hover();
    await page.mouse.down();
    await pictures(page).nth(2).waitFor();
    await page.evaluate(() => {
      const { getUserMedia } = MediaDevices.prototype;
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        if ("deviceId" in Object(wanted?.video)) throw new OverconstrainedError("deviceId");
        return getUserMedia.call(navigator.mediaDevices, wanted);
      };
      const { srcObject } = document.querySelector(".collect video") as HTMLVideoElement;
      (srcObject as MediaStream).getVideoTracks()[0].dispatchEvent(new Event("ended"));
    });
    await button(page, "Start the camera").waitFor();
    await page.mouse.up();
    await button(page, "Start the camera").click();
    await expect.poll(() => cameraOn(page)).toBe(first);
    await expect.poll(() => shown(page)).toBe(first);
    expect(await page.locator(".collect .taking").count()).toBe(0);

    const folder = await temporaryFolder({ "dog.zip": zipOf({ dog: 4 }) });
    await page.locator('.collect input[type="file"][multiple]').setInputFiles(join(folder, "dog.zip"));
    await page.locator(".collect .end").getByLabel("Network").selectOption("one-conv");
    await button(page, /^Train/).click();
    await page.locator('[data-collect-phase="done"]').waitFor({ timeout: 60_000 });
    await expect
      .poll(() => page.locator(".collect li:has(data) .name").allInnerTexts(), { timeout: 60_000 })
      .toEqual(["Class 1", "dog"]);
  },
);

testWholly("a phone's are front and rear; others are known by their names", async () => {
  const { page } = await visit({ link: "tab=collect", camera: 2 });
  await page.evaluate(cameraSides, { [first]: "user", [second]: "environment" });
  const mirror = page.getByLabel("Show it as in a mirror");
  await begin(page);
  await expect.poll(() => choices(page)).toEqual(["front", "rear"]);
  expect([await cameraOn(page), await shown(page), await mirror.count()]).toEqual([first, "front", 1]);
  await which(page).selectOption("rear");
  await expect.poll(() => cameraOn(page)).toBe(second);
  await expect.poll(() => shown(page)).toBe("rear");
  expect(await mirror.count()).toBe(0);

  // a notebook's own camera says where it looks, and one that is plugged in doesn't: asked for the rear, the same one comes
  await page.evaluate(cameraSides, { [first]: "user" });
  await which(page).selectOption("front");
  await expect.poll(() => cameraOn(page)).toBe(first);
  await which(page).selectOption("rear");
  await expect.poll(() => choices(page)).toEqual([first, second]);
  expect([await cameraOn(page), await shown(page)]).toEqual([first, first]);
  await which(page).selectOption(second);
  await expect.poll(() => cameraOn(page)).toBe(second);
  await expect.poll(() => shown(page)).toBe(second);
});

testWholly("another one can be chosen where a program has the first", async () => {
  const { page } = await visit({ link: "tab=collect", camera: 2 });
  await page.evaluate(() => {
    const { getUserMedia } = MediaDevices.prototype;
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await getUserMedia.call(navigator.mediaDevices, wanted);
      const [track] = stream.getVideoTracks();
      if (track.label !== "fake_device_0") return stream;
      track.stop();
      throw new DOMException("in use", "NotReadableError");
    };
  });
  await page.locator(COLLECT).getByText("Camera", { exact: true }).click();
  await button(page, "Start the camera").click();
  await page.getByRole("alert").filter({ hasText: "Another program uses the camera." }).waitFor();
  await which(page).selectOption(second);
  await expect.poll(() => cameraOn(page)).toBe(second);
  expect(await page.getByRole("alert").count()).toBe(0);
});
