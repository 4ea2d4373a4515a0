import { explain, parseCell } from "unravel-cnn";
import { describe, expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { lossesAlong } from "../src/state/nudge.js";
import { sample, traceOf } from "./support/library.js";
import { selected } from "./support/page.js";
import { sharedVisit } from "./support/visit.js";

const three = () => traceOf([sample(3)], [3]);

testInBrowser("one switch turns the same picture into gradients, with a scale around zero", async () => {
  const { page } = await sharedVisit("cell=conv1.out[0,2,22,14]");
  const legend = page.locator('section[aria-label="relu1"] .legend');
  expect(await legend.getAttribute("aria-label")).toMatch(/^Colours from 0 to /);
  await page.getByText("← Backward").click();
  expect((await selected(page)).address).toBe("grad.conv1.out[0, 2, 22, 14]");
  expect((await selected(page)).value).toBe(explain(three(), parseCell("grad.conv1.out[0,2,22,14]")).value);
  expect(await legend.getAttribute("aria-label")).toMatch(/^Colours from −/);
  expect(await page.locator('[data-picture^="grad."]').count()).toBeGreaterThan(40);

  // in a narrower window, too, both ends of each scale can be read: they lie under it, one beside the other
  await page.setViewportSize({ width: 1280, height: 720 });
  const gaps = await page.locator(".columns .legend").evaluateAll((all) =>
    all.map((one) => {
      const [from, to] = [...one.querySelectorAll(".ends span")].map((end) => end.getBoundingClientRect());
      return Math.min(to.left - from.right, one.getBoundingClientRect().right - to.right + 4);
    }),
  );
  expect(gaps.length).toBeGreaterThan(5);
  expect(Math.min(...gaps)).toBeGreaterThan(3);
});

testInBrowser("a filter's gradient opens into the positions that made it", async () => {
  const { page } = await sharedVisit("pass=backward&cell=grad.conv1.weight[3,0,1,1]");
  const titles = await page.locator(".pictures figcaption").allInnerTexts();
  expect(titles).toEqual(["grad.conv1.out", "x", "products"]);
  const canvas = page.locator(".pictures canvas").first();
  expect([await canvas.getAttribute("width"), await canvas.getAttribute("height")]).toEqual(["26", "26"]);
  // any position shows its numbers, and leads to them
  await page
    .locator(".pictures .heat")
    .first()
    .click({ position: { x: 30, y: 40 } });
  const text = await page.locator(".at").innerText();
  const [, row, column] = /grad\.conv1\.out\[0, 3, (\d+), (\d+)\]/.exec(text) ?? [];
  const term = explain(three(), parseCell("grad.conv1.weight[3,0,1,1]")).terms[
    Number(row) * 26 + Number(column)
  ];
  expect(text).toContain(`x[0, 0, ${Number(row) + 1}, ${Number(column) + 1}]`);
  expect(term.factors[0].cell?.index).toEqual([0, 3, Number(row), Number(column)]);
});

testInBrowser(
  "an input's gradient opens into the outputs it touched: the kernel lies there flipped",
  async () => {
    const { page } = await sharedVisit("pass=backward&cell=grad.x[0,0,12,14]");
    const { data } = three().tensors["conv1.weight"];
    const shown = await page
      .locator(".squares figure")
      .first()
      .locator("data")
      .evaluateAll((all) => all.map((one) => Number((one as HTMLDataElement).value)));
    const filter = Number(/(\d+) of 8/.exec(await page.locator(".lie .pager").innerText())?.[1]);
    expect(shown).toEqual([...data.subarray(filter * 9, filter * 9 + 9)].reverse());
    expect(await page.locator(".lie").innerText()).toContain("flipped");
  },
);

testInBrowser("max-pool shows where the gradient went", async () => {
  const { page } = await sharedVisit("pass=backward&cell=grad.relu1.out[0,3,13,6]");
  const { value } = await selected(page);
  expect(value).toBe(explain(three(), parseCell("grad.relu1.out[0,3,13,6]")).value);
  await page.locator(".sheet tbody .follow").first().click();
  const went = await selected(page);
  expect(went.address).toBe("grad.pool1.out[0, 3, 6, 3]");
  expect(went.value).toBe(value);
});

testInBrowser("nudge it: the loss moves by about what the gradient promised", async () => {
  const { page } = await sharedVisit("cell=conv1.weight[3,0,1,1]");
  const cell = parseCell("conv1.weight[3,0,1,1]");
  const gradient = explain(three(), { ...cell, tensor: "grad.conv1.weight" }).value;
  const slider = page.locator('input[type="range"]');
  for (const step of [0.1, 0.01]) {
    await slider.fill(String(step));
    const [before, after] = lossesAlong(three(), cell, [0, step]);
    const moved = page.locator("data[data-moved]");
    await page.waitForFunction(
      (due) => document.querySelector<HTMLDataElement>("data[data-moved]")?.value === due,
      String(after - before),
    );
    const promised = Number(await page.locator("data[data-promised]").getAttribute("value"));
    expect(promised).toBe(gradient * step);
    const share = Number(await moved.getAttribute("value")) / promised;
    expect(Math.abs(share - 1)).toBeLessThan(step === 0.01 ? 0.05 : 0.5);
  }
});

describe("this image and this batch", () => {
  const batch = () =>
    traceOf(
      [3, 0, 1, 2, 4, 5, 6, 7, 8, 9].map((digit) => sample(digit)),
      [3, 0, 1, 2, 4, 5, 6, 7, 8, 9],
    );

  testInBrowser("a batch's gradients are the mean over its images", async () => {
    const { page } = await sharedVisit("pass=backward&cell=grad.conv1.weight[3,0,1,1]");
    expect((await selected(page)).value).toBe(
      explain(three(), parseCell("grad.conv1.weight[3,0,1,1]")).value,
    );
    await page.getByText("the whole batch").click();
    expect((await selected(page)).value).toBe(
      explain(batch(), parseCell("grad.conv1.weight[3,0,1,1]")).value,
    );
    expect(Number(await page.locator(".loss-value").getAttribute("value"))).toBe(batch().loss);
  });

  testInBrowser("any image of it can be shown", async () => {
    const { page } = await sharedVisit("scope=batch&cell=conv1.out[0,3,12,12]");
    await page.getByRole("button", { name: "Image 5 of the batch" }).click();
    const { address, value } = await selected(page);
    expect(address).toBe("conv1.out[5, 3, 12, 12]");
    expect(value).toBe(explain(batch(), parseCell(address)).value);
  });
});
