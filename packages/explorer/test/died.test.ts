import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { onlyLong } from "../../../test/support/long.js";
import { loseGpu } from "./support/lostGpu.js";
import { dataFolder, ENDLESS, manyImages, phase, steps } from "./support/training.js";
import { visit } from "./support/visit.js";

/*
 * What computes a training ends in the middle of it: nothing that was learnt is lost.
 */

/** Runs in the page: the workers that train are noted from now on. */
function noteTrainWorkers(): void {
  const Original = Worker;
  const started: Worker[] = [];
  Object.assign(window, { started });
  window.Worker = class extends Original {
    constructor(...all: ConstructorParameters<typeof Original>) {
      super(...all);
      if (String(all[0]).includes("trainWorker")) started.push(this);
    }
  };
}

// that a training outlives its workers is tested in starts.test.ts, too
onlyLong(testInBrowser)(
  "a worker that dies takes nothing along that was learnt, nor does a GPU",
  async () => {
    const { page } = await visit({
      data: await dataFolder(await manyImages()),
      link: `tab=train&${ENDLESS}&filters=2`,
    });
    await page.evaluate(noteTrainWorkers);
    // by the report of the second step what the first one came to has arrived, too
    for (const step of [1, 2]) {
      await page.getByRole("button", { name: "One step" }).click();
      await page.locator("[data-phase]", { hasText: `step ${step} of` }).waitFor();
    }
    await page.getByRole("button", { name: "Play" }).click();
    await phase(page, "running");
    await page.evaluate(() => {
      const worker = (window as unknown as { started: Worker[] }).started.at(-1) as Worker;
      worker.terminate();
      worker.dispatchEvent(new ErrorEvent("error", { message: "out of memory", cancelable: true }));
    });
    const sentence = await page.getByRole("alert").innerText();
    const [, kept] =
      /^The training stopped \(out of memory\), but .* step (\d+) is kept: Play goes on/.exec(sentence) ?? [];
    expect(Number(kept)).toBeGreaterThanOrEqual(1);
    await page.getByRole("button", { name: "Play" }).click();
    await phase(page, "running");
    await page.getByRole("button", { name: "Pause" }).click();
    await phase(page, "paused");
    expect(await steps(page)).toBeGreaterThan(Number(kept));

    await loseGpu(page); // what the engine does then is tested in test/webgpu.test.ts
    expect(await page.getByRole("alert").count()).toBe(0);
  },
);
