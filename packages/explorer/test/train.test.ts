import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createEngine,
  evaluate,
  type NamedTensors,
  oneConv,
  parameterGradients,
  Training,
  trace,
} from "unravel-cnn";
import { readModel } from "unravel-cnn/node";
import { expect, vi } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { few, LONG } from "../../../test/support/long.js";
import { allowRelaxedSimd } from "../../cli/src/engine.js";
import { succeed } from "../../cli/test/support/cli.js";
import { loadBatch } from "../../core/src/data/batch.js";
import { parseLink } from "../src/state/link.js";
import { commandFor, defaults } from "../src/training/settings.js";
import { short } from "../src/view/numbers.js";
import { DRAWER, lowContrasts, violations } from "./support/axe.js";
import { kept } from "./support/kept.js";
import { likeness, onPad, selected } from "./support/page.js";
import {
  alert,
  dataFolder,
  drawnPair,
  ENDLESS,
  idxFilesOf,
  manyImages,
  parametersShown,
  phase,
  steps,
  withoutSimd,
} from "./support/training.js";
import { visit } from "./support/visit.js";

/*
 * A visitor trains: at once, in steps, from files, without shared memory, and when something goes wrong.
 */

allowRelaxedSimd(); // as in the browser and on the command line

const NAMES = ["conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"];

const drawn = drawnPair(300, 120);

const bits = (tensors: NamedTensors) =>
  Object.fromEntries(NAMES.map((name) => [name, [...new Uint32Array(tensors[name].data.slice().buffer)]]));

testInBrowser(
  "the space bar trains, and the weights are the command line's, bit for bit; mistakes open above",
  async () => {
    const pair = await drawn;
    const folder = await dataFolder(pair);
    const out = join(folder, "trained.safetensors");
    const link = "data=mnist&images=300&validation=60&epochs=2&seed=4&batch=20&filters=4";
    const command =
      commandFor(parseLink(link).settings ?? defaults)
        ?.split(" ")
        .slice(1) ?? [];
    const env = { UNRAVEL_DATA: folder };
    const trained = succeed([...command, "--offline", "--out", out, "--quiet"], { env });
    const { page } = await visit({
      data: folder,
      link: `${link}&cell=conv1.weight[2,0,1,1]`,
    });
    await page.keyboard.press(" ");
    await phase(page, "done");
    expect(await page.getByRole("tab", { name: "Train" }).getAttribute("aria-selected")).toBe("true");
    expect(await steps(page)).toBe(24);
    await page.locator("header .network", { hasText: "trained here on MNIST" }).waitFor();

    expect(await page.locator(".command").innerText()).toBe(["unravel", ...command].join(" "));

    // the network above is the trained one, and what was selected still is
    await trained;
    const { model, parameters } = await readModel(out);
    const here = await selected(page);
    expect(here.address).toBe("conv1.weight[2, 0, 1, 1]");
    expect(here.value).toBe(parameters["conv1.weight"].data[2 * 9 + 4]);
    expect(bits(await parametersShown(page, NAMES))).toEqual(bits(parameters));

    // the test images were looked at once, at the end
    const engine = await createEngine(model.spec, { threads: 0, parameters });
    const { confusion } = await evaluate(engine, pair.test);
    const table = page.locator('section[aria-label="Right and wrong"]');
    await table.getByText("120 test images").waitFor();
    const cells = await table.locator("tbody td").allInnerTexts();
    expect(cells.map(Number)).toEqual(confusion.flat());

    const mistake = page.locator('section[aria-label="Worst mistakes"] button').first();
    const [, right] = /^(\d) → \d/.exec(await mistake.innerText()) ?? [];
    await mistake.click();
    expect(await page.locator(`fieldset input[type="radio"]:checked`).getAttribute("value")).toBe(right);
    expect(await page.locator('[aria-pressed="true"][aria-label^="Sample"]').count()).toBe(0);

    // in dark colours, in which no other test looks at this drawer
    await page.getByRole("button", { name: "Dark colours" }).click();
    expect(await violations(page, DRAWER)).toEqual([]);
    if (LONG) {
      await page.getByRole("button", { name: "Light colours" }).click();
      expect(await lowContrasts(page, DRAWER)).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 780 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  },
);

testInBrowser(
  "one step, slowly: images, loss, gradients, update, the loss after it; a rate that is far too high",
  async () => {
    const pair = await drawn;
    const settings = "data=mnist&images=300&validation=60&seed=2&filters=3&batch=12&optimizer=sgd";
    const { page, url } = await visit({
      data: await dataFolder(pair),
      link: `tab=train&${settings}&rate=0.05`,
    });
    await page.getByRole("button", { name: "One step" }).click();
    const walk = page.locator('section[aria-labelledby="step-walk"]');
    const table = walk.locator("table").nth(1);
    await table.getByRole("button").nth(2).waitFor();

    // the same step in the library
    const engine = await createEngine(oneConv({ filters: 3 }), { threads: 0, seed: 2 });
    const training = await Training.open(engine, pair.train, {
      seed: 2,
      validation: 60,
      batchSize: 12,
      optimizer: { type: "sgd" },
      learningRate: 0.05,
    });
    const { train } = training.data;
    const batch = training.nextBatch();
    const before = engine.parameters();
    const x = loadBatch(train.images, train.shape, batch, engine.model.normalize);
    const step = trace(
      engine.model,
      before,
      x,
      Array.from(batch, (image) => train.labels[image]),
    );
    const gradients = parameterGradients(step);
    await training.advance(1);
    const after = engine.parameters();

    const labels = await walk
      .locator('[aria-label^="Image "]')
      .evaluateAll((all) => all.map((one) => one.ariaLabel));
    expect(labels).toEqual(Array.from(batch, (image, n) => `Image ${n}, a ${train.labels[image]}`));
    // the pad shows the picture whose numbers the network shows: of the batch, until something is drawn
    const imageOf = (n: number) => [...train.images.subarray(batch[n] * 784, (batch[n] + 1) * 784)];
    expect(likeness(await onPad(page), imageOf(0))).toBeGreaterThan(0.95);
    await walk.getByRole("button", { name: /^Image 3, / }).click();
    expect(likeness(await onPad(page), imageOf(3))).toBeGreaterThan(0.95);
    expect(likeness(await onPad(page), imageOf(0))).toBeLessThan(0.8);
    expect(await page.locator('fieldset input[name="answer"]:enabled').count()).toBe(0);
    await page.getByText(`This image of the batch is a ${train.labels[batch[3]]}.`).waitFor();
    await walk.getByRole("button", { name: /^Image 0, / }).click();

    await walk.getByRole("button", { name: /^loss, / }).click();
    expect((await selected(page)).address).toBe("loss");
    expect((await selected(page)).value).toBeCloseTo(step.loss, 6);

    // a weight that is selected above shows its own update
    await page.locator('[data-picture="conv1.weight/1"]').click();
    const { address, value } = await selected(page);
    const [filter, , row, column] = (address.match(/\d+/g) ?? []).slice(1).map(Number);
    const at = filter * 9 + row * 3 + column;
    expect(value).toBe(before["conv1.weight"].data[at]);
    const shown = await table.locator("td").allInnerTexts();
    const g = gradients["conv1.weight"].data[at];
    const change = after["conv1.weight"].data[at] - value;
    expect(shown).toEqual([
      short(value),
      short(g),
      `0 → ${short(g)}`,
      short(change),
      short(after["conv1.weight"].data[at]),
    ]);
    expect(change).toBeCloseTo(-training.learningRate(0) * g, 7);
    await table.getByRole("button", { name: /^grad\.conv1\.weight/ }).click();
    expect((await selected(page)).value).toBeCloseTo(g, 7);
    await table.getByRole("button", { name: /after the update/ }).click();
    await page.locator("header .network", { hasText: "after step 1" }).waitFor();
    expect((await selected(page)).value).toBe(after["conv1.weight"].data[at]);
    expect(bits(await parametersShown(page, NAMES))).toEqual(bits(after));
    if (LONG) expect(await violations(page, 'section[aria-labelledby="step-walk"]')).toEqual([]);

    // to the end of the epoch, and again from the start
    await page.getByRole("button", { name: "One epoch" }).click();
    await page.locator("[data-phase]", { hasText: "step 20 of 60" }).waitFor();
    await phase(page, "paused");
    await page.getByRole("button", { name: "Restart" }).click();
    await page.locator("[data-phase]", { hasText: "step 0 of 60" }).waitFor();
    await page.locator("header .network", { hasText: "untrained" }).waitFor();
    expect(bits(await parametersShown(page, NAMES))).toEqual(bits(before));

    // a learning rate that is far too high: one sentence, and it can begin anew with another one
    await page.goto(`${url}#tab=train&${settings}&rate=1e20&schedule=constant&epochs=9`);
    await page.getByRole("button", { name: "Restart with these" }).click();
    await page.locator("[data-phase]", { hasText: "step 0 of 180" }).waitFor();
    await page.getByRole("button", { name: "Play" }).click();
    await phase(page, "stopped");
    expect(await page.getByRole("alert").innerText()).toMatch(
      /^The .* became .* at step \d+, .*learning rate .*too high/,
    );
    await page.getByRole("spinbutton", { name: "learning rate" }).fill("0.01");
    await page.getByRole("spinbutton", { name: "learning rate" }).press("Tab");
    await page.getByRole("button", { name: "Restart with these" }).click();
    await phase(page, "paused");
    expect(await page.getByRole("alert").count()).toBe(0);
  },
);

testInBrowser(
  "while it trains the network above changes, what is chosen stays; pause, step, play, by keyboard; a reload; what is compared",
  async () => {
    const data = await dataFolder(await manyImages());
    const { page } = await visit({ data, link: `tab=train&${ENDLESS}` });
    // what it comes to is said at once
    const filters = page.getByRole("spinbutton", { name: "filters", exact: true });
    await filters.fill("12");
    await filters.press("Enter");
    const form = page.locator('form[aria-label="Settings"]');
    expect(await form.locator(".shapes").innerText()).toMatch(
      /^1×28×28 → conv1 12×26×26 → pool1 12×13×13 → fc1 10$/,
    );
    expect(await form.innerText()).toMatch(/20,410 parameters, 93,288 multiply-adds/);
    await page.waitForFunction(() => location.hash.includes("filters=12"));
    if (LONG) {
      await page.getByRole("spinbutton", { name: "kernel, pixels" }).fill("9");
      await page.getByRole("spinbutton", { name: "filters of a 2nd conv" }).fill("5");
      await page.getByRole("spinbutton", { name: "units of a dense layer" }).fill("20");
      await page.getByRole("spinbutton", { name: "units of a dense layer" }).press("Tab");
      expect(await form.locator(".shapes").innerText()).toContain(
        "conv2 5×2×2 → pool2 5×1×1 → fc1 20 → fc2 10",
      );
      for (const [name, value] of [
        ["kernel, pixels", "3"],
        ["filters of a 2nd conv", "0"],
        ["units of a dense layer", "0"],
      ]) {
        await page.getByRole("spinbutton", { name }).fill(value);
        await page.getByRole("spinbutton", { name }).press("Tab");
      }
    }

    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    const playOrPause = async (becomes: string) => {
      await page.keyboard.press(" ");
      await phase(page, becomes);
    };
    await playOrPause("running");
    await playOrPause("paused");
    await page.getByRole("button", { name: "channels: on" }).click();
    await page.locator('[data-picture="conv1.weight/9"]').click();
    const chosen = await selected(page);
    await playOrPause("running");
    await page.waitForFunction(
      (old) => document.querySelector("data[data-value]")?.getAttribute("value") !== String(old),
      chosen.value,
    );
    await playOrPause("paused");
    expect((await selected(page)).address).toBe(chosen.address);
    expect(await page.locator('[data-picture="conv1.weight/9"]').count()).toBe(1); // the page is still turned

    const paused = await steps(page);
    await page.getByRole("button", { name: "One step" }).press("Enter");
    await page
      .locator("[data-phase]", { hasText: `step ${(paused + 1).toLocaleString("en-US")} of` })
      .waitFor();

    // other settings wait for a restart
    if (LONG) {
      await filters.fill("2");
      await filters.press("Enter");
      await page.getByRole("button", { name: "Restart with these" }).click();
      await page.locator("[data-phase]", { hasText: "step 0 of" }).waitFor();
      expect(await page.locator('section[aria-label="Filters"] li').count()).toBe(2);
    }

    // a restart in the midst of it goes on with the new ones
    await page.getByRole("button", { name: "Play" }).click();
    await phase(page, "running");
    await filters.fill("3");
    await filters.press("Enter");
    await page.getByRole("button", { name: "Restart with these" }).click();
    await page.locator("header .network", { hasText: "one-conv, 3 filters" }).waitFor();
    await phase(page, "running");
    expect(await page.locator('section[aria-label="Filters"] li').count()).toBe(3);
    expect(await page.getByRole("alert").count()).toBe(0);

    // it is kept when the page is hidden (every two seconds, too: killed.long.test.ts), and runs on
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await kept(page, 1, true);
    await page.reload();
    await page.getByText(/^Went on from step [\d,]+\./).waitFor();
    await phase(page, "running");
    await page.getByRole("button", { name: "Pause" }).click();
    // those before are still there to be compared with, until they are removed
    const compared = page.getByRole("region", { name: "Compared trainings" });
    await compared.getByRole("row", { name: /^3 filters/ }).waitFor();
    for (const before of few(["12"], ["12", "2"]))
      await compared.getByRole("button", { name: `Remove ${before} filters`, exact: true }).click();
    await compared.waitFor({ state: "detached" });
  },
);

testInBrowser(
  "MNIST from elsewhere only if the visitor wants it; files are checked; without shared memory one worker comes to the same bits",
  async () => {
    const pair = await drawnPair(80, 20);
    const files = idxFilesOf(pair);
    const broken = "train-images-idx3-ubyte.gz";
    const folder = await temporaryFolder(files);
    await writeFile(join(folder, "damaged"), files[broken].subarray(0, 5000));
    const address = `https://cdn.jsdelivr.net/gh/fgnt/mnist/${broken}`;
    const settings = "tab=train&images=80&validation=0&epochs=1&filters=2";
    const { page, url, elsewhere } = await visit({
      isolated: false,
      link: `${settings}&data=mnist`,
      answers: new Map([[address, files[broken]]]),
      before: withoutSimd,
    });
    const play = () => page.getByRole("button", { name: "Play" }).click();
    await play();
    await alert(page, /^This browser has no WebAssembly SIMD, /);
    await page.evaluate(() => (window as unknown as { mend(): void }).mend());
    await play();
    await alert(page, /Where are the images\?/);
    expect(elsewhere).toEqual([]);
    await page.getByRole("button", { name: /^fetch it from cdn\.jsdelivr\.net/ }).click();
    await play();
    await alert(page, /its checksum differs/); // it isn't MNIST
    expect(elsewhere).toEqual([address]);

    await page.goto(`${url}#${settings}&data=files`);
    expect(await page.locator('form[aria-label="Settings"]').innerText()).toContain("trains with one worker");
    const input = page.locator('input[aria-label="The four files"]');
    const given = Object.entries(files).map(([name, bytes]) => ({
      name,
      mimeType: "",
      buffer: Buffer.from(bytes),
    }));
    const tell = async (list: typeof given) => {
      await input.setInputFiles(list);
      await play();
    };
    await tell(given.slice(1));
    await alert(page, /train-images-idx3-ubyte is missing/);
    await tell(
      given.map((file) => (file.name === broken ? { ...file, buffer: file.buffer.subarray(0, 5000) } : file)),
    );
    await alert(page, /^train-images-idx3-ubyte\.gz: the gzip data is damaged/);
    await input.setInputFiles(given);
    await vi.waitUntil(async () => (await page.getByRole("alert").count()) === 0); // nothing is wrong with these
    await play();
    await phase(page, "done");

    const engine = await createEngine(oneConv({ filters: 2 }), { threads: 0 });
    const training = await Training.open(engine, pair.train, { epochs: 1 });
    await training.advance();
    expect(bits(await parametersShown(page, NAMES))).toEqual(bits(engine.parameters()));
  },
);
