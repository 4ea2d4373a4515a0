import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { digitFromPicture, inkOf, inputFromPicture, type Picture } from "../../src/index.js";
import { randomStream } from "../../src/random.js";
import { cases } from "../support/properties.js";

/*
 * From a picture to a network's input. The digit here is a 7, drawn by a function that knows how much of each pixel is ink, so
 * that it can have any size and place.
 */

/** How much ink there is at a place of the unit square: 0 or 1. */
function seven(x: number, y: number): number {
  const bar = y >= 0 && y < 0.15 && x >= 0.1 && x < 0.8;
  const stroke = y >= 0 && y < 1 && Math.abs(x - (0.75 - 0.5 * y)) < 0.08;
  return bar || stroke ? 1 : 0;
}

interface Drawing {
  readonly width?: number;
  readonly height?: number;
  readonly left?: number;
  readonly top?: number;
  /** Height of the digit, in pixels. */
  readonly size?: number;
  /** Colours, as many values as channels, 0 to 255. */
  readonly paper?: readonly number[];
  readonly ink?: readonly number[];
  readonly depth?: 8 | 16;
  /** Added to each value. */
  readonly noise?: (x: number, y: number) => number;
}

function draw(drawing: Drawing = {}): Picture {
  const { width = 120, height = 100, left = 30, top = 20, size = 60, depth = 8, noise = () => 0 } = drawing;
  const { paper = [255], ink = [0] } = drawing;
  const channels = paper.length as 1 | 2 | 3 | 4;
  const scale = depth === 16 ? 257 : 1;
  const data = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let share = 0;
      const near = Math.abs(x - left - size / 2) < size && Math.abs(y - top - size / 2) < size;
      for (let k = 0; near && k < 16; k++) {
        share += seven((x + (k % 4) / 4 - left) / size, (y + Math.floor(k / 4) / 4 - top) / size) / 16;
      }
      for (let c = 0; c < channels; c++) {
        const value = paper[c] + share * (ink[c] - paper[c]) + noise(x, y);
        data[(y * width + x) * channels + c] = Math.round(scale * Math.min(255, Math.max(0, value)));
      }
    }
  }
  return { width, height, channels, depth, data };
}

const random = randomStream(3, "paper");
const grain = (strength: number) => (x: number, y: number) => strength * random.normal(1000 * y + x);

const reference = digitFromPicture(draw());

/** The mean difference of two digits' pixels, of 255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, k) => sum + Math.abs(value - b[k]), 0) / a.length;
}

/** What a shift by one pixel makes: the centre of mass is rounded to whole pixels, and may be rounded the other way. */
const shifts = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => 28 * down + right));
const shifted = (digit: Uint8Array, by: number) => digit.map((_, k) => digit[k - by] ?? 0);
const differenceButShift = (a: Uint8Array, b: Uint8Array) =>
  Math.min(...shifts.map((by) => difference(shifted(a, by), b)));

test("the digit stands 20 pixels high in the middle, light on black", () => {
  const rows = Array.from({ length: 28 }, (_, y) => Math.max(...reference.subarray(28 * y, 28 * y + 28)));
  expect(rows.filter((most) => most > 60)).toHaveLength(20);
  expect(Math.max(...reference)).toBe(255);
  expect([reference[0], reference[27], reference[783]]).toEqual([0, 0, 0]);
});

describe("the same digit, whatever it is drawn with", () => {
  const same: readonly [string, Drawing][] = [
    ["white on black", { paper: [0], ink: [255] }],
    ["red, green, blue", { paper: [255, 255, 255], ink: [0, 0, 0] }],
    ["grey with alpha", { paper: [255, 255], ink: [0, 255] }],
    ["colours with alpha", { paper: [255, 255, 255, 255], ink: [0, 0, 0, 255] }],
    ["16 bits", { depth: 16 }],
    ["16 bits, colours", { depth: 16, paper: [255, 255, 255], ink: [0, 0, 0] }],
    ["faint", { paper: [200], ink: [170] }],
    ["grey on black", { paper: [0], ink: [90] }],
    ["blue on white", { paper: [255, 255, 255], ink: [20, 40, 180] }],
    ["yellow on white", { paper: [255, 255, 255], ink: [255, 240, 0] }],
    ["red on green, equally light", { paper: [60, 160, 60], ink: [240, 70, 60] }],
    ["black on nothing", { paper: [0, 0, 0, 0], ink: [0, 0, 0, 255] }],
    ["white on nothing", { paper: [255, 255, 255, 0], ink: [255, 255, 255, 255] }],
    ["grey on nothing", { paper: [0, 0], ink: [70, 255] }],
  ];
  test.each(same)("%s", (_, drawing) => {
    expect(difference(digitFromPicture(draw(drawing)), reference)).toBeLessThan(1.5);
  });
});

describe("the same digit, in spite of", () => {
  const similar: readonly [string, Drawing, number?][] = [
    ["grain", { paper: [220], ink: [60], noise: grain(4) }],
    ["much grain", { paper: [200], ink: [50], noise: grain(15) }, 8],
    ["light from the left", { paper: [240], ink: [60], noise: (x) => -0.6 * x }, 8],
    [
      "light from below, and grain",
      { paper: [160], ink: [30], noise: (x, y) => 0.5 * y + grain(3)(x, y) },
      8,
    ],
    ["specks of dust", { noise: (x, y) => ((x === 5 && y === 90) || (x === 110 && y < 4) ? -200 : 0) }],
    ["touching the border", { top: 0, left: 1 }],
    ["hardly any border", { width: 46, height: 62, left: -6, top: 1 }],
  ];
  test.each(similar)("%s", (_, drawing, most = 4) => {
    expect(differenceButShift(digitFromPicture(draw(drawing)), reference)).toBeLessThan(most);
  });
});

test("any place and size", () => {
  const place = fc.record({
    size: fc.integer({ min: 40, max: 160 }),
    left: fc.integer({ min: 0, max: 150 }),
    top: fc.integer({ min: 1, max: 100 }),
    right: fc.integer({ min: 1, max: 80 }),
  });
  fc.assert(
    fc.property(place, ({ size, left, top, right }) => {
      const digit = digitFromPicture(
        draw({ size, left, top, width: left + size + right, height: top + size + right }),
      );
      expect(differenceButShift(digit, reference)).toBeLessThan(10);
    }),
    cases(few(15, 40)),
  );
});

test("a shift by whole pixels changes nothing", () => {
  for (const [left, top] of [
    [1, 1],
    [50, 3],
    [20, 38],
  ]) {
    expect(digitFromPicture(draw({ left, top }))).toEqual(reference);
  }
});

test("a large photo is made smaller first", () => {
  const photo = draw({ width: 1300, height: 900, left: 350, top: 150, size: 550 });
  expect(differenceButShift(digitFromPicture(photo), reference)).toBeLessThan(6);
  const { width, height } = inkOf(photo);
  expect([width, height]).toEqual([650, 450]);
});

describe("nothing is drawn", () => {
  const blank: readonly [string, Picture][] = [
    ["white", draw({ ink: [255] })],
    ["black", draw({ paper: [0] })],
    ["transparent", draw({ paper: [0, 0, 0, 0], ink: [9, 9, 9, 0] })],
    ["one pixel", { width: 1, height: 1, channels: 1, depth: 8, data: Uint8Array.of(77) }],
    ["hardly grey", draw({ paper: [255], ink: [251] })],
    ["a slope of light", draw({ ink: [255], noise: (x) => -x })],
    ["noise", draw({ paper: [200], ink: [200], noise: grain(6) })],
  ];
  test.each(blank)("%s", (_, picture) =>
    expectInputError(() => digitFromPicture(picture), /^Nothing is drawn in the picture/),
  );
});

describe("what is no picture", () => {
  const picture = draw();
  const broken: readonly [string, object, RegExp][] = [
    ["no width", { width: 0 }, /width and height must be whole numbers of at least 1, not 0 and 100/],
    ["half a pixel", { height: 0.5 }, /not 120 and 0\.5/],
    [
      "too many pixels",
      { width: 100_000, height: 100_000 },
      /100000x100000 pixels, more than the 50 million/,
    ],
    ["too few values", { data: new Uint8Array(3) }, /holds 12000 values, but 3 were given/],
    ["five channels", { channels: 5 }, /1, 2, 3 or 4 channels, not 5/],
    ["twelve bits", { depth: 12 }, /8 or 16 bits a value, not 12/],
  ];
  test.each(broken)("%s", (_, change, message) =>
    expectInputError(() => digitFromPicture({ ...picture, ...change }), message),
  );
});

describe("a model's input", () => {
  const model = (inputShape: [number, number, number], ...classes: string[]) => ({ inputShape, classes });
  const digits = model([1, 28, 28], "0", "1");

  test("digits are normalised as MNIST's", () => {
    expect(inputFromPicture(digits, draw())).toEqual(reference);
  });

  test("raw: the bytes as they are", () => {
    const data = Uint8Array.from({ length: 784 }, (_, k) => k % 256);
    const picture: Picture = { width: 28, height: 28, channels: 1, depth: 8, data };
    expect(inputFromPicture(digits, picture, { raw: true })).toEqual(data);
    const wide: Picture = {
      ...picture,
      depth: 16,
      data: Uint16Array.from(data, (value) => Math.min(65535, value * 257 + 100)),
    };
    expect(inputFromPicture(digits, wide, { raw: true })).toEqual(data);
    const rgb: Picture = {
      ...picture,
      channels: 3,
      data: Uint8Array.from({ length: 3 * 784 }, (_, k) => data[Math.floor(k / 3)]),
    };
    expect(inputFromPicture(digits, rgb, { raw: true })).toEqual(data);
  });

  test("raw: another size is refused", () =>
    expectInputError(
      () => inputFromPicture(digits, draw(), { raw: true }),
      /has 120x100 pixels, but a raw picture for this model must have 28x28/,
    ));

  test("colours go to their channels", () => {
    const data = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30);
    const picture: Picture = { width: 2, height: 2, channels: 3, depth: 8, data };
    const input = inputFromPicture(model([3, 2, 2], "cat", "dog"), picture);
    expect([...input]).toEqual([255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30]);
    expect([...inputFromPicture(model([1, 2, 2], "cat", "dog"), picture)]).toEqual([76, 150, 29, 18]);
  });

  test("other classes than characters: the whole picture, its aspect kept, filled up with its border's colour", () => {
    const picture = draw({ width: 112, height: 56, paper: [200], ink: [200] });
    const data = picture.data.map((value, k) =>
      k % 112 >= 28 && k % 112 < 84 && k >= 896 && k < 5376 ? 40 : value,
    );
    const input = inputFromPicture(model([1, 28, 28], "shirt", "shoe"), { ...picture, data } as Picture);
    // 112x56 becomes 28x14, so 7 rows above and below are filled.
    const column = Array.from({ length: 28 }, (_, y) => input[28 * y + 14]);
    expect(column.map((value) => (value < 120 ? "#" : ".")).join("")).toBe(".........##########.........");
    expect([...input.subarray(0, 28 * 7)].every((value) => value === 200)).toBe(true);
  });

  test("a smaller picture is made larger", () => {
    const picture: Picture = { width: 1, height: 2, channels: 1, depth: 8, data: Uint8Array.of(0, 90) };
    expect([...inputFromPicture(model([1, 4, 2], "cat", "dog"), picture)]).toEqual([
      0, 0, 0, 0, 90, 90, 90, 90,
    ]);
  });

  test("models of two channels take no pictures", () =>
    expectInputError(
      () => inputFromPicture(model([2, 8, 8], "a", "b"), draw()),
      /takes images of shape \[2, 8, 8\], but a picture gives 1 channel/,
    ));
});
