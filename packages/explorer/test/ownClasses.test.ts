import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { few, LONG } from "../../../test/support/long.js";
import { zipOf } from "./support/collection.js";
import { kept } from "./support/kept.js";
import { sharedVisit, visit } from "./support/visit.js";

/* Classes of the tab *Collect* in the form of the tab *Train*. */

const form = (page: Page) => page.locator('form[aria-label="Settings"]');
const field = (page: Page, name: string) => form(page).getByLabel(name, { exact: true });
const list = (page: Page, name: string) => form(page).getByRole("combobox", { name, exact: true });
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

/** Goes to the tab *Collect*, gives it pictures, and goes back to *Train*. */
async function collect(page: Page, counts: Readonly<Record<string, number>>): Promise<void> {
  await form(page)
    .getByRole("button", { name: /^(Collect some|Change them)$/ })
    .click();
  const folder = await temporaryFolder({ "classes.zip": zipOf(counts) });
  const files = page.locator('.collect input[type="file"][multiple]');
  await files.setInputFiles(join(folder, "classes.zip"));
  await page.getByText(/^\d+ pictures came in/).waitFor();
  await page.getByRole("tab", { name: "Train" }).click();
}

testInBrowser(
  `they are chosen as images, with layers of one's own${few("", ", and kept as they were trained on")}`,
  async () => {
    const { page } = await visit({ link: "tab=train" });
    await list(page, "data").selectOption("your own classes");
    await form(page).getByText("There are none yet").waitFor();
    await button(page, "▶ Play").click();
    await page.getByRole("alert").filter({ hasText: "Where are the images?" }).waitFor();

    await collect(page, { cat: 12, dog: 20 });
    await form(page).getByText("32 pictures, as 1×28×28, of cat, dog.").waitFor();
    expect(await field(page, "train on").inputValue()).toBe("32");
    expect(await field(page, "of these, only to check").inputValue()).toBe("5");
    await field(page, "filters").fill("2");
    await field(page, "filters").press("Enter");
    const shapes = form(page).getByLabel("Shapes");
    expect((await shapes.innerText()).replace(/\s+/g, " ")).toMatch(/^1×28×28 → conv1 2×26×26 .* fc1 2$/);
    await field(page, "epochs").fill("1000");
    await field(page, "epochs").press("Enter");
    await button(page, "One epoch").click();
    await kept(page, 2, false);
    await expect
      .poll(() => page.locator("main fieldset:has(data) .name").allInnerTexts())
      .toEqual(["cat", "dog"]);

    if (!LONG) return; // a collection is kept, too, where it is learnt as it is (collect.test.ts)
    // pictures that come later are those of the next training: this one goes on with its own, after a reload, too
    await collect(page, { cat: 20 });
    await form(page).getByText("40 pictures").waitFor();
    await button(page, "One epoch").click();
    await kept(page, 4, false);
    await page.reload();
    await page.getByText("Went on from step 4.").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  },
);

testInBrowser("a network with a name has no numbers to choose", async () => {
  const { page } = await sharedVisit("tab=train&layers=lenet5");
  await form(page).waitFor();
  expect(await list(page, "layers").inputValue()).toBe("lenet5");
  expect(await field(page, "filters").count()).toBe(0);
  await list(page, "layers").selectOption("layers");
  expect(await field(page, "filters").inputValue()).toBe("8");
});
