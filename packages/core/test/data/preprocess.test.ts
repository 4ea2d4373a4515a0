import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { normalizeDigit } from "../../src/data/preprocess.js";
import { boxOf, centreOf } from "../support/inkOfDigit.js";

/** A picture with a filled rectangle of ink. */
function rectangle(
  width: number,
  height: number,
  left: number,
  top: number,
  right: number,
  bottom: number,
  ink = 1,
) {
  const grey = new Float32Array(width * height);
  for (let y = top; y < bottom; y++) grey.fill(ink, y * width + left, y * width + right);
  return grey;
}

describe("MNIST's normalisation", () => {
  test.each([
    ["enlarged", rectangle(12, 12, 1, 2, 6, 12)],
    ["as it is", rectangle(28, 28, 3, 5, 13, 25).slice()],
    ["reduced", rectangle(200, 150, 90, 10, 150, 130)],
  ])("a rectangle of 1:2, %s, fills 10x20 pixels in the middle", (name, grey) => {
    const [width, height] = name === "enlarged" ? [12, 12] : name === "as it is" ? [28, 28] : [200, 150];
    const digit = normalizeDigit(grey, width, height);
    expect(boxOf(digit)).toMatchObject({ width: 10, height: 20 });
    expect(Array.from(new Set(digit)).sort()).toEqual([0, 255]);
  });

  test("a wide picture is scaled by its width", () => {
    const digit = normalizeDigit(rectangle(90, 40, 5, 5, 85, 29), 90, 40);
    expect(boxOf(digit)).toMatchObject({ width: 20, height: 6 });
  });

  test("what is already normalised stays what it is", () => {
    const once = normalizeDigit(rectangle(28, 28, 4, 4, 14, 24, 255), 28, 28);
    expect(normalizeDigit(once, 28, 28)).toEqual(once);
  });

  test("each pixel is the mean of what it covers", () => {
    // 40x40 in black and white columns: each pixel of the box covers one of each, on two rows
    const grey = new Uint8Array(1600).map((_, k) => (k % 2 === 0 ? 255 : 0));
    grey.fill(255, 39 * 40);
    const digit = normalizeDigit(grey, 40, 40);
    const { left, top } = boxOf(digit);
    expect(digit[top * 28 + left]).toBe(128);
    expect(digit[(top + 19) * 28 + left]).toBe(191); // the last row of the picture is full
  });

  test("the darkest ink becomes 255, on any scale", () => {
    const faint = normalizeDigit(rectangle(50, 50, 10, 10, 30, 40, 0.2), 50, 50);
    expect(Math.max(...faint)).toBe(255);
    expect(faint).toEqual(normalizeDigit(rectangle(50, 50, 10, 10, 30, 40, 180), 50, 50));
  });

  test("the centre of mass goes to the middle pixel", () => {
    // an L, whose centre of mass is not the middle of its box
    const grey = rectangle(60, 60, 5, 5, 12, 55);
    for (let y = 48; y < 55; y++) grey.fill(1, y * 60 + 5, y * 60 + 45);
    const { x, y } = centreOf(normalizeDigit(grey, 60, 60));
    expect(Math.abs(x - 14)).toBeLessThanOrEqual(0.51);
    expect(Math.abs(y - 14)).toBeLessThanOrEqual(0.51);
  });

  test("one pixel of ink becomes a square, no ink becomes nothing", () => {
    const dot = new Uint8Array(100);
    dot[37] = 9;
    expect(boxOf(normalizeDigit(dot, 10, 10))).toMatchObject({ width: 20, height: 20 });
    expect(normalizeDigit(new Uint8Array(100), 10, 10)).toEqual(new Uint8Array(784));
  });

  test.each([
    [0, 10],
    [10, -1],
    [2.5, 4],
    [NaN, 10],
  ])("%s x %s is no size", async (width, height) => {
    await expectInputError(() => normalizeDigit(new Uint8Array(10), width, height), /whole numbers/);
  });

  test("the pixels must fit the size", async () => {
    await expectInputError(() => normalizeDigit(new Uint8Array(10), 3, 4), /holds 12 pixels, but 10/);
  });
});
