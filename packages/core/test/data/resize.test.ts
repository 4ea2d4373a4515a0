import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { fits, type Picture, resizePicture } from "../../src/index.js";

/** A picture, channel after channel in a pixel. */
function pictureOf(
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  at: (x: number, y: number, c: number) => number,
): Picture {
  const data = Uint8Array.from({ length: width * height * channels }, (_, k) => {
    const pixel = Math.floor(k / channels);
    return at(pixel % width, Math.floor(pixel / width), k % channels);
  });
  return { width, height, channels, depth: 8, data };
}

interface Golden {
  readonly picture: readonly [number, number, 1 | 3];
  readonly size: readonly [number, number];
  readonly fit: (typeof fits)[number];
  readonly inner: readonly [number, number];
  readonly values: readonly number[];
}

const golden: readonly Golden[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "golden", "resize.json"), "utf8"),
);

describe("as Pillow's BOX makes it, within one grey level", () => {
  test.each(
    golden.map((row) => [`${row.picture.join("x")} to ${row.size.join("x")}, ${row.fit}`, row] as const),
  )("%s", (_, { picture: [width, height, channels], size: [newWidth, newHeight], fit, inner, values }) => {
    const made = resizePicture(
      pictureOf(width, height, channels, (x, y, c) => (x * x * 3 + y * y * 5 + x * y * 7 + c * 41) % 256),
      [channels, newHeight, newWidth],
      fit,
    );
    const left = Math.floor((newWidth - inner[0]) / 2);
    const top = Math.floor((newHeight - inner[1]) / 2);
    const off = values.map((value, k) => {
      const [c, pixel] = [k % channels, Math.floor(k / channels)];
      const [x, y] = [left + (pixel % inner[0]), top + Math.floor(pixel / inner[0])];
      return Math.abs(made[(c * newHeight + y) * newWidth + x] - value);
    });
    expect(Math.max(...off)).toBeLessThanOrEqual(1);
  });
});

const side = fc.integer({ min: 1, max: 40 });

test("a picture of one colour keeps it, whatever the sizes and the fit", () => {
  fc.assert(
    fc.property(side, side, side, side, fc.constantFrom(...fits), fc.nat(255), (w, h, W, H, fit, value) => {
      const made = resizePicture(
        pictureOf(w, h, 1, () => value),
        [1, H, W],
        fit,
      );
      expect(made).toEqual(new Uint8Array(W * H).fill(value));
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("in its own size a picture stays as it is", () => {
  const own = pictureOf(6, 4, 3, (x, y, c) => 20 * x + 9 * y + c);
  for (const fit of fits) {
    expect(resizePicture(own, [3, 4, 6], fit)).toEqual(
      Uint8Array.from(
        { length: 72 },
        (_, k) => 20 * (k % 6) + 9 * (Math.floor(k / 6) % 4) + Math.floor(k / 24),
      ),
    );
  }
});

test("half the size is the mean of four, also with 16 bits", () => {
  const values = [0, 100, 200, 255];
  expect(
    resizePicture(
      pictureOf(2, 2, 1, (x, y) => values[2 * y + x]),
      [1, 1, 1],
    ),
  ).toEqual(Uint8Array.of(139));
  const data = Uint16Array.from(values, (value) => 257 * value);
  expect(resizePicture({ width: 2, height: 2, channels: 1, depth: 16, data }, [1, 1, 1])).toEqual(
    Uint8Array.of(139),
  );
});

test("what is transparent is white; a pixel counts as much as it can be seen", () => {
  const shades = pictureOf(4, 1, 2, (x, _, c) => (c === 0 ? 0 : 85 * x));
  expect(resizePicture(shades, [1, 1, 4])).toEqual(Uint8Array.of(255, 170, 85, 0));
  expect(resizePicture(shades, [1, 1, 2], "stretch")).toEqual(Uint8Array.of(213, 43));
  const red = pictureOf(1, 1, 4, (_, __, c) => [255, 0, 0, 51][c]);
  expect(resizePicture(red, [3, 1, 1])).toEqual(Uint8Array.of(255, 204, 204));
});

test("colours become grey by their lightness, and grey becomes three equal channels", () => {
  const colours = pictureOf(3, 1, 3, (x, _, c) => (x === c ? 255 : 0));
  expect(resizePicture(colours, [1, 1, 3])).toEqual(Uint8Array.of(76, 150, 29));
  expect(
    resizePicture(
      pictureOf(1, 1, 1, () => 7),
      [3, 1, 1],
    ),
  ).toEqual(Uint8Array.of(7, 7, 7));
});

test("cover takes the middle, contain fills up with the border's colour, stretch takes all", () => {
  const wide = pictureOf(4, 2, 1, (x) => [10, 20, 30, 10][x]);
  expect(resizePicture(wide, [1, 2, 2], "cover")).toEqual(Uint8Array.of(20, 30, 20, 30));
  expect(resizePicture(wide, [1, 4, 4], "contain")).toEqual(
    Uint8Array.of(10, 10, 10, 10, 10, 20, 30, 10, 10, 20, 30, 10, 10, 10, 10, 10),
  );
  expect(resizePicture(wide, [1, 2, 2], "stretch")).toEqual(Uint8Array.of(15, 20, 15, 20));
});

test.each([
  ["no such fit", [3, 2, 2], "crop", /^A picture's fit must be cover, contain, stretch, not "crop"\.$/],
  ["two channels", [2, 2, 2], "cover", /^The model takes images of shape .* but a picture gives 1 channel/],
  ["no width", [3, 2, 0], "cover", /^The picture: its new width must be a whole number of at least 1, not 0/],
] as const)("%s is refused", (_, shape, fit, message) => {
  expectInputError(
    () =>
      resizePicture(
        pictureOf(1, 1, 1, () => 0),
        shape,
        fit as "cover",
      ),
    message,
  );
});
