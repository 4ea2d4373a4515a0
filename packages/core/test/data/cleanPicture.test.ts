import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { drawPair } from "../../src/data/drawnPair.js";
import { digitFromCleanPicture, digitFromPicture } from "../../src/data/input.js";
import type { Picture } from "../../src/data/picture.js";

/** A digit in a picture so many times as large, with a margin, in two colours, the first of which is the paper. */
function pictureOf(
  digit: Uint8Array,
  zoom: number,
  paper: readonly number[],
  ink: readonly number[],
): Picture {
  const margin = 2 * zoom;
  const side = 28 * zoom + 2 * margin;
  const data = new Uint8Array(4 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [row, column] = [Math.floor((y - margin) / zoom), Math.floor((x - margin) / zoom)];
      const isIn = row >= 0 && row < 28 && column >= 0 && column < 28;
      const share = isIn ? digit[28 * row + column] / 255 : 0;
      const at = 4 * (y * side + x);
      for (let c = 0; c < 4; c++) data[at + c] = Math.round(paper[c] + share * (ink[c] - paper[c]));
    }
  }
  return { width: side, height: side, channels: 4, depth: 8, data };
}

const colours = [
  [
    [255, 255, 255, 255],
    [10, 10, 30, 255],
  ],
  [
    [0, 40, 20, 255],
    [240, 240, 255, 255],
  ],
  [
    [255, 255, 255, 0],
    [255, 255, 255, 255],
  ],
] as const;

test("digits on clean paper become the same bytes with less code", async () => {
  const { train } = await drawPair(3, { trainCount: few(30, 300), testCount: 1 });
  let same = 0;
  for (let n = 0; n < train.labels.length; n++) {
    const [paper, ink] = colours[n % colours.length];
    // large pictures take long: one in ten, of each pair of colours in turn
    const zoom = n % few(10, 1) === 0 ? 10 : 4;
    const picture = pictureOf(train.images.subarray(784 * n, 784 * (n + 1)), zoom, paper, ink);
    expect(digitFromCleanPicture(picture), `digit ${n}`).toEqual(digitFromPicture(picture));
    same++;
  }
  expect(same).toBe(few(30, 300));
});

test("an empty sheet has no digit, a small picture one, too", () => {
  const empty = {
    width: 60,
    height: 60,
    channels: 1,
    depth: 8,
    data: new Uint8Array(3600).fill(200),
  } as const;
  expect(digitFromCleanPicture(empty)).toBeUndefined();
  const data = new Uint8Array(28 * 28);
  for (let y = 6; y < 22; y++) data.fill(255, 28 * y + 13, 28 * y + 15);
  const small = { width: 28, height: 28, channels: 1, depth: 8, data } as const;
  expect(digitFromCleanPicture(small)).toEqual(digitFromPicture(small));
});
