import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  createEngine,
  defineModel,
  evaluate,
  firstOf,
  initialParameters,
  oneConv,
  parseModel,
  Training,
} from "unravel-cnn";
import { describe, expect, test, vi } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { few, onlyLong, sampleOf } from "../../../test/support/long.js";
import { allowRelaxedSimd } from "../../cli/src/engine.js";
import { succeed } from "../../cli/test/support/cli.js";
import { defaults } from "../src/training/settings.js";
import { checkKept, modelIn, version } from "../src/training/storage.js";
import { DRAWER, violations } from "./support/axe.js";
import { kept, look } from "./support/kept.js";
import { choose, downloaded } from "./support/page.js";
import {
  alert,
  dataFolder,
  drawnPair,
  ENDLESS,
  manyImages,
  parametersShown,
  phase,
  steps,
} from "./support/training.js";
import { visit } from "./support/visit.js";

/*
 * What was trained stays: as a file, over a reload, and when the browser's storage lets the page down.
 */

allowRelaxedSimd(); // as in the browser and on the command line

const NAMES = ["conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"];
/** That one runs on over a reload is tested in train.test.ts, and that another tab is told below. */
const testWholly = onlyLong(testInBrowser);

/** A machine that is busy takes longer. */
const LONG = { timeout: 60_000 };
const button = (page: Page, name: string) =>
  page.getByRole("button", { name: new RegExp(`^(\\W\\W? )?${name}$`) });

const drawn = drawnPair(200, 40);

async function inLibrary(
  stepsDone: number,
  all: Parameters<typeof Training.open>[2] & { readonly filters: number; readonly images: number },
) {
  const { filters, images, ...options } = all;
  const engine = await createEngine(oneConv({ filters }), { threads: 0, seed: options.seed ?? 0 });
  const training = await Training.open(engine, firstOf((await drawn).train, images), options);
  while (!training.done && training.steps < stepsDone) await training.advance(stepsDone - training.steps);
  return { parameters: engine.parameters(), engine };
}

/** Runs in the page, before its scripts: whether it ever asks if it should go on. */
function noteQuestions(): void {
  const noted = Object.assign(globalThis, { asked: false });
  new MutationObserver(() => {
    noted.asked ||= document.documentElement.textContent?.includes("Go on with it") === true;
  }).observe(document, { childList: true, subtree: true });
}

testInBrowser(
  "a reload in mid-training changes no bit of what comes out; the model is a file; other tabs and visits are told",
  async () => {
    const { test: testImages } = await drawn;
    const folder = await dataFolder(await drawn);
    const settings = { filters: 3, images: 200, batchSize: 20, epochs: 3, seed: 5 };
    const { page, url } = await visit({
      data: folder,
      link: "tab=train&data=mnist&images=200&validation=0&filters=3&batch=20&epochs=3&seed=5",
    });
    await button(page, "One epoch").click();
    await page.locator("[data-phase]", { hasText: "step 10 of 30" }).waitFor();
    await phase(page, "paused");
    await button(page, "One step").click();
    await page.locator("[data-phase]", { hasText: "step 11 of 30" }).waitFor();
    const curve = await page.locator('[data-series="in training"] path').first().getAttribute("d");
    await kept(page, 11, false);
    await page.addInitScript(noteQuestions);
    await page.reload();
    await page.getByText("Went on from step 11.").waitFor(); // once: with two of them this fails
    await page.locator("[data-phase]", { hasText: "step 11 of 30" }).waitFor();
    expect(await page.getByText("Went on from").count()).toBe(1);
    expect(await page.evaluate(() => (globalThis as unknown as { asked: boolean }).asked)).toBe(false);
    const { parameters } = await inLibrary(11, settings);
    expect(await parametersShown(page, NAMES)).toEqual(parameters);
    expect(await page.locator('[data-series="in training"] path').first().getAttribute("d")).toBe(curve);
    // a sample looks at the drawer where it is trained (train.test.ts)
    if (few(false, true)) expect(await violations(page, DRAWER)).toEqual([]);
    await button(page, "Play").click();
    await phase(page, "done");
    const whole = await inLibrary(30, settings);
    expect(await parametersShown(page, NAMES)).toEqual(whole.parameters);

    // as a file, from the drawer and from the menu
    const { name, bytes } = await downloaded(page, () => button(page, "Save the model").click());
    expect(name).toBe("model.safetensors");
    expect(parseModel(bytes, name).parameters).toEqual(whole.parameters);
    expect((await downloaded(page, () => choose(page, "Save", "model.safetensors"))).bytes).toEqual(bytes);
    if (few(false, true)) {
      await writeFile(join(folder, name), bytes);
      const said = await succeed(["evaluate", join(folder, name), "--data", "mnist", "--offline", "--json"], {
        env: { UNRAVEL_DATA: folder },
      });
      const { accuracy } = await evaluate(whole.engine, testImages);
      expect(JSON.parse(said.stdout)).toMatchObject({ accuracy });
    }

    await kept(page, 30, false);
    // the finished one comes back, too (in a sample that of the tab Collect does); by keyboard it begins anew
    if (few(false, true)) {
      await page.reload();
      await phase(page, "done");
      await button(page, "Start anew").press("Enter");
      await page.locator("[data-phase]", { hasText: "step 0 of 30" }).waitFor();
      return;
    }

    // another tab keeps nothing while this one does; another visit is asked whether it goes on
    const opened = page.context().waitForEvent("page");
    await page.evaluate(
      (address) => void open(address, "_blank", "noopener"), // with nothing of this tab's session
      `${url}#tab=train&data=mnist&images=100&validation=0`,
    );
    const second = await opened;
    await button(second, "One step").click();
    await alert(second, /^Another tab with this page keeps its training/);
    await page.goto("about:blank");
    await second.goto("about:blank"); // what comes now is a visit, not a reload
    await second.goto(`${url}#tab=train`);
    await second
      .getByText(/^A training of one-conv, 3 filters \(step 30, .*\) is kept in this browser\./)
      .waitFor();
    await button(second, "Go on with it").click();
    await phase(second, "done");
    expect(await parametersShown(second, NAMES)).toEqual(whole.parameters);
    await second.close();
  },
);

testWholly("a running one runs on; another tab is told", async () => {
  const data = await dataFolder(await manyImages());
  const { page, url } = await visit({ data, link: `tab=train&${ENDLESS}&filters=2` });
  await button(page, "Play").click();
  await phase(page, "running");
  await kept(page, 1, true);
  // while it runs it is kept every two seconds at the latest: killed.long.test.ts counts how often
  // what isn't kept in time is said
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("as if the page were left now", "AbortError");
    };
  });
  const { steps: last } = await look(page);
  await vi.waitUntil(async () => (await steps(page)) > last + 1, LONG);
  const reached = await steps(page);
  await page.reload();
  await phase(page, "running");
  const said = await page.getByText(/^Went on from step [\d,]+\. .* Start anew/).innerText();
  const [from, to] = (said.match(/[\d,]+(?=\.|, were)/g) ?? []).map((text) =>
    Number(text.replaceAll(",", "")),
  );
  expect(from).toBe(last);
  expect(to).toBeGreaterThanOrEqual(reached);
  expect(said).toMatch(/ were not kept yet\. They are done again and give the same numbers\.\s/);
  expect(await page.getByText("Went on from").count()).toBe(1);
  await button(page, "Pause").click(); // it holds its place, and leaves the machine to the other tab
  await phase(page, "paused");
  const opened = page.context().waitForEvent("page");
  await page.evaluate((address) => void open(address), `${url}#tab=train&data=mnist&images=100&validation=0`);
  const second = await opened;
  await button(second, "One step").click();
  await alert(second, /^Another tab with this page keeps its training/);
  await second.close();
  await page.bringToFront();
  const here = await steps(page);
  await kept(page, here, false);
});

testInBrowser(
  `full, damaged, from another version${few("", ", denied")}: one sentence each; it trains, and the model can be saved`,
  async () => {
    const { page, url } = await visit({
      link: "tab=train&images=60&validation=0&filters=2&epochs=2",
      alone: true,
    });
    const devTools = await page.context().newCDPSession(page);
    await devTools.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin, quotaSize: 1 });
    await button(page, "One step").click();
    await alert(page, /^This browser's storage is full/);
    await devTools.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin });
    await button(page, "One step").click();
    await kept(page, 2, false);
    await vi.waitUntil(async () => (await page.getByRole("alert").count()) === 0, LONG);

    const before = await downloaded(page, () => button(page, "Save the model").click());
    // drawn on the page, the digits are the library's
    const { parameters } = await inLibrary(2, { filters: 2, images: 60, epochs: 2 });
    expect(parseModel(before.bytes, before.name).parameters).toEqual(parameters);
    const changes = [
      ["damage", /What was kept is damaged/],
      ["version", /Another version of this page kept it/],
    ] as const;
    for (const [change, sentence] of sampleOf(changes, 1)) {
      await look(page, change);
      await page.reload();
      await alert(page, sentence);
      const { bytes } = await downloaded(page, () => button(page, "Save its model").click());
      expect(bytes).toEqual(before.bytes);
    }
    if (few(false, true)) expect(await violations(page, `${DRAWER} [role=alert]`)).toEqual([]);
    // it stays until the visitor drops it
    await button(page, "One step").click();
    await page.getByText("Until then, the new training isn't kept.").waitFor();
    await button(page, "Drop it").click();
    await kept(page, 1, false);

    if (few(true, false)) return; // storage that is denied from the beginning: starts.test.ts
    await page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("denied", "SecurityError");
      };
    });
    await page.reload();
    await button(page, "Play").click();
    await phase(page, "done");
    await alert(page, /^This browser lets the page keep nothing/);
    const { bytes } = await downloaded(page, () => button(page, "Save the model").click());
    expect(parseModel(bytes, "model").parameters).toEqual(await parametersShown(page, NAMES));
  },
);

describe("what is kept is looked at before it is used", () => {
  const spec = oneConv({ filters: 2 });
  const model = { spec, parameters: initialParameters(defineModel(spec), 0) };
  const whole = {
    version,
    at: 0,
    running: false,
    spec: model.spec,
    mayFetch: false,
    saved: {
      settings: defaults,
      training: {
        steps: 3,
        totals: { steps: 3, images: 96, loss: 1, correct: 2 },
        parameters: model.parameters,
        memory: [model.parameters],
      },
      first: model.parameters,
      curves: {
        loss: [[0, 1]],
        accuracy: [],
        validationLoss: [],
        validationAccuracy: [],
        testLoss: [],
        testAccuracy: [],
      },
    },
  };
  const { saved } = whole;
  test("whole", () => {
    expect(checkKept(whole)).toBe(whole);
    expect(parseModel(modelIn(whole) as Uint8Array, "model").parameters).toEqual(model.parameters);
  });
  test.each<[string, unknown]>([
    ["nothing", null],
    ["something else", "training"],
    ["no date", { ...whole, at: "today" }],
    ["settings out of range", { ...whole, saved: { ...saved, settings: { ...defaults, filters: 1e6 } } }],
    ["no weights", { ...whole, saved: { ...saved, training: { ...saved.training, parameters: {} } } }],
    ["no memory", { ...whole, saved: { ...saved, training: { ...saved.training, memory: undefined } } }],
    ["a line fewer", { ...whole, saved: { ...saved, curves: { loss: [[0, 1]] } } }],
    ["half a step", { ...whole, saved: { ...saved, training: { ...saved.training, steps: 0.5 } } }],
    ["a curve of words", { ...whole, saved: { ...saved, curves: { ...saved.curves, loss: [["a", 1]] } } }],
  ])("%s", (_, found) => {
    expect(() => checkKept(found)).toThrow(/^What was kept is damaged/);
  });
  test("of another version", () => {
    expect(() => checkKept({ version: version + 1 })).toThrow(/^Another version of this page/);
    expect(modelIn({ version: version + 1 })).toBeUndefined();
  });
});
