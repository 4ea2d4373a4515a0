import { parseNpz } from "unravel-cnn";
import { expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { short } from "../src/view/numbers.js";
import { sample, traceOf } from "./support/library.js";
import { choose, downloaded, probabilities, stroke } from "./support/page.js";
import { PHONE, sharedVisit, visit } from "./support/visit.js";

const one = [
  [0.5, 0.15],
  [0.48, 0.5],
  [0.47, 0.85],
] as const;

testInBrowser(
  "strokes change the probabilities, which are the library's for the picture that is seen",
  async () => {
    const { page } = await sharedVisit("cell=fc1.out[0,3]");
    const before = await page.locator("dl .follow").first().innerText();
    await page.getByRole("button", { name: "Clear" }).click();
    const blank = await probabilities(page);
    await stroke(page, one);
    const drawn = await probabilities(page);
    expect(drawn).not.toEqual(blank);
    expect(drawn.indexOf(Math.max(...drawn))).toBe(1);

    const { bytes } = await downloaded(page, () => choose(page, "Save", "for NumPy"));
    const { x, y } = parseNpz(bytes, "trace.npz");
    const seen = Uint8Array.from(x.data, (value) => Math.round(Number(value) * 255));
    expect(Math.max(...seen)).toBeGreaterThan(200);
    expect([...y.data]).toEqual([1]); // the most probable counts as right until somebody says otherwise
    const { tensors } = traceOf([seen], [1]);
    expect(drawn).toEqual([...tensors.probs.data]);
    // beside the selected number stands its gradient, which follows a moment later
    const gradient = `grad.fc1.out ${short(tensors["grad.fc1.out"].data[3])}`;
    expect(gradient).not.toBe(before);
    await expect.poll(() => page.locator("dl .follow").first().innerText()).toBe(gradient);
  },
);

testInBrowser("undo takes back strokes, samples and clearing", async () => {
  const { page } = await sharedVisit();
  const three = await probabilities(page);
  const undo = page.getByRole("button", { name: "Undo" });
  expect(await undo.isDisabled()).toBe(true);
  await stroke(page, one);
  const both = await probabilities(page);
  expect(both).not.toEqual(three);
  await page.getByRole("button", { name: "Clear" }).click();
  await undo.click();
  expect(await probabilities(page)).toEqual(both);
  await undo.click();
  expect(await probabilities(page)).toEqual(three);
  expect(await undo.isDisabled()).toBe(true);
});

testInBrowser("samples from the shelf, by click and by key; other handwriting", async () => {
  const { page } = await visit();
  await page.getByRole("button", { name: "Sample 7" }).click();
  expect(await probabilities(page)).toEqual([...traceOf([sample(7)], [7]).tensors.probs.data]);
  await page.keyboard.press("5");
  expect(await probabilities(page)).toEqual([...traceOf([sample(5)], [5]).tensors.probs.data]);
  await page.getByRole("button", { name: "Other handwriting" }).click();
  await page.getByRole("button", { name: "Sample 5" }).click();
  expect(await probabilities(page)).toEqual([...traceOf([sample(5, 1)], [5]).tensors.probs.data]);
});

testInBrowser("a finger draws", async () => {
  const { page } = await visit(PHONE);
  await page.getByRole("button", { name: "Clear" }).click();
  const blank = await probabilities(page);
  const box = await page.locator(".pad canvas").boundingBox();
  if (!box) throw new Error("there is no pad");
  const touch = await page.context().newCDPSession(page);
  const at = ([x, y]: readonly [number, number]) => [{ x: box.x + x * box.width, y: box.y + y * box.height }];
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(one[0]) });
  for (const point of one.slice(1))
    await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(point) });
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.waitForFunction(
    (before) => document.querySelector<HTMLDataElement>("fieldset data")?.value !== before,
    String(blank[0]),
  );
  expect(await page.evaluate(() => scrollY)).toBe(0); // it draws, and doesn't scroll
});

testInBrowser("an empty pad has no answer, and numbers next to nothing are pale", async () => {
  const { page } = await sharedVisit();
  await page.getByRole("button", { name: "Clear" }).click();
  expect(new Set(await page.locator("fieldset data").allInnerTexts())).toEqual(new Set(["–"]));
  expect(await page.locator("fieldset input:checked").count()).toBe(0);
  expect(await page.locator(".answer", { hasText: "What the network says" }).innerText()).toContain(
    "Draw something.",
  );
  expect(await page.locator(".loss").innerText()).toContain("The pad is empty");
  // the darkest map of ReLU holds 0.0095, a bias: it is nearly as light as paper, and the legend says how far its scale goes
  const { data } = traceOf([new Uint8Array(784)], [0]).tensors["relu1.out"];
  expect(Math.max(...data)).toBeCloseTo(0.0095, 4);
  const darkest = await page.locator('[data-picture^="relu1.out/"] canvas').evaluateAll((all) =>
    Math.min(
      ...all.flatMap((one) => {
        const canvas = one as HTMLCanvasElement;
        const context = canvas.getContext("2d") as CanvasRenderingContext2D;
        return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
      }),
    ),
  );
  expect(darkest).toBeGreaterThan(220);
  expect(await page.locator('[data-layer="relu1"] .ends').innerText()).toMatch(/0\.1$/);
  await page.getByRole("button", { name: "Undo" }).click();
  expect(await page.locator("fieldset input:checked").getAttribute("value")).toBe("3");
});

testInBrowser("who says what is right changes the loss", async () => {
  const { page } = await sharedVisit();
  const loss = async () => Number(await page.locator(".loss-value").getAttribute("value"));
  expect(await loss()).toBe(traceOf([sample(3)], [3]).loss);
  await page.locator('fieldset input[value="8"]').check();
  expect(await loss()).toBe(traceOf([sample(3)], [8]).loss);
});

testInBrowser("a picture is pasted, or dropped", async () => {
  const { page } = await sharedVisit();
  const before = await probabilities(page);
  // a thick bar, dark on light, as a PNG that the browser makes
  const give = (kind: "paste" | "drop") =>
    page.evaluate(async (kind) => {
      const canvas = new OffscreenCanvas(200, 160);
      const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.fillStyle = "white";
      context.fillRect(0, 0, 200, 160);
      context.fillStyle = "navy";
      context.fillRect(95, 20, 16, 120);
      const file = new File([await canvas.convertToBlob()], "bar.png", { type: "image/png" });
      const data = new DataTransfer();
      data.items.add(file);
      window.dispatchEvent(
        kind === "paste"
          ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
          : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }),
      );
    }, kind);
  const looksLikeOne = () =>
    page.waitForFunction(() => {
      const values = [...document.querySelectorAll<HTMLDataElement>("fieldset data")].map(({ value }) =>
        Number(value),
      );
      return values.indexOf(Math.max(...values)) === 1;
    });
  await give("paste");
  await looksLikeOne();
  await page.getByRole("button", { name: "Undo" }).click();
  expect(await probabilities(page)).toEqual(before);
  await give("drop");
  await looksLikeOne();
});
