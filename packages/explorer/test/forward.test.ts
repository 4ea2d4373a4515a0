import type { Page } from "playwright-core";
import { cellAddress, explain, parseCell, type Term } from "unravel-cnn";
import { expect, test } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { few, LONG, sampleOf } from "../../../test/support/long.js";
import { ledgerOf } from "../src/terms/ledger.js";
import { short } from "../src/view/numbers.js";
import { sample, traceOf } from "./support/library.js";
import { choose, probabilities, selected } from "./support/page.js";
import { sharedVisit, visit } from "./support/visit.js";

const three = () => traceOf([sample(3)], [3]);

testInBrowser("it opens alive: a digit, its probabilities, a selected number with its sum", async () => {
  const { page } = await visit();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true); // by what it is served with
  const right = three();
  expect(await probabilities(page)).toEqual([...right.tensors.probs.data]);
  expect(await page.locator("fieldset input:checked").getAttribute("value")).toBe("3");

  const { address, value, text } = await selected(page);
  const explanation = explain(right, parseCell(address));
  expect(address).toMatch(/^conv1\.out\[/);
  expect(value).toBe(explanation.value);
  expect(text).toBe(short(explanation.value));
  expect(value).toBe(Math.max(...right.tensors["conv1.out"].data));
});

const cells = [
  "x[0, 0, 12, 14]",
  "conv1.out[0, 3, 12, 12]",
  "conv1.out[0, 7, 0, 25]",
  "relu1.out[0, 2, 22, 14]",
  "relu1.out[0, 0, 0, 0]",
  "pool1.out[0, 3, 6, 3]",
  "flatten1.out[0, 588]",
  "fc1.out[0, 3]",
  "probs[0, 9]",
  "loss",
  "conv1.weight[3, 0, 1, 1]",
  "conv1.bias[5]",
  "fc1.weight[3, 700]",
  "grad.fc1.out[0, 3]",
  "grad.fc1.weight[3, 588]",
  "grad.fc1.bias[9]",
  "grad.flatten1.out[0, 588]",
  "grad.pool1.out[0, 3, 6, 3]",
  "grad.relu1.out[0, 3, 13, 6]",
  "grad.conv1.out[0, 2, 22, 14]",
  "grad.conv1.weight[3, 0, 1, 1]",
  "grad.conv1.bias[0]",
  "grad.x[0, 0, 12, 14]",
];

/** What the panel says of the selected cell, all at once: each number in full, and as it stands there. */
const panel = (page: Page) =>
  page.evaluate(() => {
    const numbers = (selector: string) =>
      [...document.querySelectorAll<HTMLDataElement>(selector)].map((one) => ({
        exact: Number(one.value) + 0, // the page has no -0
        shown: Number(one.innerText.replace("−", "-")),
      }));
    return {
      value: numbers(".sheet data[data-value]")[0].exact,
      says: document.querySelector<HTMLElement>(".says")?.innerText,
      total: numbers("data[data-total]")[0],
      lines: numbers(".sheet tbody td data"),
    };
  });

testInBrowser("numbers on the page are the library's, and add up as they stand there", async () => {
  const right = three();
  const { page, url } = await sharedVisit();
  for (const address of sampleOf(cells, 7)) {
    const cell = parseCell(address);
    const pass = address.startsWith("grad.") ? "&pass=backward" : "";
    await page.goto(`${url}#cell=${cellAddress(cell).replaceAll(" ", "")}${pass}`);
    await page.locator(".value .address", { hasText: address }).waitFor();
    const explanation = explain(right, cell);
    const { value, says, total, lines } = await panel(page);
    expect(value, address).toBe(explanation.value + 0);
    expect(says).toBe(explanation.says);
    if (explanation.rule === "given") continue;

    expect(total.exact, address).toBe(explanation.sum + 0);
    const isBias = ({ role }: Term) => role === "bias";
    const inOrder = explanation.terms.toSorted((a, b) => Number(isBias(a)) - Number(isBias(b)));
    const terms = inOrder.map(({ value }) => value + 0);
    if (terms.length <= 11) {
      expect(
        lines.slice(0, terms.length).map(({ exact }) => exact),
        address,
      ).toEqual(terms);
    }
    const displayed = lines.reduce((sum, { shown }) => sum + shown, 0);
    expect(displayed, address).toBeCloseTo(total.shown, 9);
  }
});

test.each(cells)("what is lost by rounding at %s is no more than rounding loses", (address) => {
  const explanation = explain(three(), parseCell(address));
  const { lines, total, format } = ledgerOf(explanation);
  const [unit, last] = [10 ** format.exponent, 10 ** -format.decimals];
  const read = (text: string) => Number(text.replace("−", "-"));
  const rounded = lines.filter(({ text }) => !text.startsWith("left over"));
  for (const { value, exact } of [...rounded, { value: total, exact: explanation.sum }]) {
    expect(Math.abs(read(value) - exact / unit)).toBeLessThanOrEqual(0.5001 * last);
  }
  // the lines are the terms, all of them
  const terms = explanation.terms.reduce((sum, { value }) => sum + value, 0);
  const shown = rounded.reduce((sum, { exact }) => sum + exact, 0);
  expect(Math.abs(shown - terms) / unit).toBeLessThan(0.001 * last);
  const lost = lines.filter((line) => !rounded.includes(line)).map(({ value }) => Math.abs(read(value)));
  expect(Math.max(0, ...lost)).toBeLessThanOrEqual(((rounded.length + 1) / 2 + 1e-6) * last);
});

testInBrowser("a click selects, sources light up before and contributions after", async () => {
  const { page } = await sharedVisit();
  const map = page.locator('[data-picture="conv1.out/3"]');
  await map.click({ position: { x: 25, y: 25 } }); // cells are 2 pixels wide
  expect((await selected(page)).address).toBe("conv1.out[0, 3, 12, 12]");
  const marks = (picture: string) => page.locator(`[data-picture="${picture}"] .mark`);
  expect(await marks("x/0").getAttribute("class")).toContain("source");
  expect(await marks("conv1.weight/3").getAttribute("class")).toContain("source");
  expect(await marks("relu1.out/3").getAttribute("class")).toContain("target");
  // the window: 3 of 28 pixels from row and column 12
  const style = await marks("x/0").evaluate(({ style: { left, width } }) =>
    [left, width].map(Number.parseFloat),
  );
  expect(style[0]).toBeCloseTo((12 / 28) * 100, 3);
  expect(style[1]).toBeCloseTo((3 / 28) * 100, 3);
});

testInBrowser("hovering shows a value", async () => {
  const { page } = await sharedVisit();
  await page.locator('[data-picture="relu1.out/2"]').hover({ position: { x: 29, y: 45 } });
  const right = three().tensors["relu1.out"].data[(2 * 26 + 22) * 26 + 14];
  expect(await page.locator(".tooltip").innerText()).toBe(`relu1.out[0, 2, 22, 14]\n${short(right)}`);
  await page.mouse.move(5, 5);
  await page.locator(".tooltip").waitFor({ state: "detached" });
});

testInBrowser("a term leads to its own cell, and back leads back", async () => {
  const { page } = await sharedVisit("cell=conv1.out[0,3,12,12]");
  const before = await selected(page);
  await page.locator('.squares button[aria-label$=": x[0, 0, 13, 13]"]').click();
  expect((await selected(page)).address).toBe("x[0, 0, 13, 13]");
  await page.getByRole("button", { name: "Back", exact: false }).first().click();
  expect(await selected(page)).toEqual(before);
});

testInBrowser("networks up to convnet: a few channels at a time, and terms lead to hidden ones", async () => {
  const { page } = await sharedVisit("network=convnet&cell=conv2.out[0,40,12,12]");
  await page.locator('[data-picture="conv2.out/40"]').waitFor({ timeout: 20_000 });
  expect(await page.locator('[data-picture^="conv2.out/"]').count()).toBe(8);
  await page.getByRole("button", { name: "channels: on" }).nth(1).click();
  await page.locator('[data-picture="conv2.out/48"]').waitFor();

  // every other one that the menu offers
  if (LONG) {
    await choose(page, "Open", "small, with batch norms");
    await page.locator("header .network", { hasText: "small" }).waitFor();
    await page.locator('[data-picture="norm4.out/0"]').waitFor();
  }
  const [name, title] = few(["lenet5", "lenet5"], ["resnet", "resnet, with ways past"]);
  await choose(page, "Open", title);
  await page.locator("header .network", { hasText: name }).waitFor();
  if (LONG) await page.locator('[data-picture="block3.out/0"]').waitFor();
  await page.waitForURL(({ hash }) => hash.includes(`network=${name}`)); // the link is written when nothing has changed for a moment
});
