import { describe, expect, test } from "vitest";
import { few, sampleOf } from "../../../../../test/support/long.js";
import { expectInputError } from "../../../../../test/support/sentence.js";
import { drawDigits } from "../../../src/data/digits/digits.js";
import { digitFromPicture, preparePicture } from "../../../src/index.js";
import { randomStream } from "../../../src/random.js";
import { type Chain, DIGITS, placed, Sheet } from "../../support/strokes.js";

/*
 * What else is in a picture changes nothing about the digit in it: a 2 and a 4, drawn plainly and in many ways. How well a
 * network reads such pictures is measured by bench/pictures.mjs.
 */

const SIDE = 170;
const PEN = 9;
type Draw = (digit: readonly Chain[]) => Sheet;

const drawn = (digit: readonly Chain[], size = 90) => placed(digit, size, 60, 40);
const plain: Draw = (digit) => new Sheet(SIDE, SIDE).stroke(drawn(digit), PEN);

const rectangle = (left: number, top: number, right: number, bottom: number): Chain => [
  ...[left, top, right, top, right, bottom, left, bottom, left, top],
];
const grain = randomStream(5, "grain");
const photographed = (sheet: Sheet) => {
  let k = 0;
  return sheet.change((level) => level + 4 * grain.normal(k++));
};

const ruled =
  (slope: number): Draw =>
  (digit) => {
    const sheet = new Sheet(SIDE, SIDE);
    const lines = [25, 63, 101, 139].map((y) => [-5, y - 5 * slope, SIDE + 5, y + (SIDE + 5) * slope]);
    return sheet.stroke(lines, 2, 70).stroke(drawn(digit), PEN);
  };

const shadow =
  (soft: number): Draw =>
  (digit) =>
    plain(digit).change((level, x, y) => level * (1 - 0.45 / (1 + Math.exp(-(x + 0.4 * y - 110) / soft))));

const onDesk =
  (desk: number, paper: number, ink: number): Draw =>
  (digit) => {
    const sheet = new Sheet(SIDE + 60, SIDE + 40, desk);
    const lean = 0.08;
    sheet.change((level, x, y) => {
      const [u, v] = [x - 115 - lean * (y - 105), y - 105 + lean * (x - 115)];
      return Math.abs(u) < 85 && Math.abs(v) < 80 ? paper : level;
    });
    return photographed(sheet.stroke(placed(digit, 90, 85, 60), PEN, ink));
  };

const ways: readonly [string, Draw, number?][] = [
  ["light on dark", (digit) => new Sheet(SIDE, SIDE, 10).stroke(drawn(digit), PEN, 230)],
  ["a frame", (digit) => plain(digit).stroke([rectangle(30, 15, 150, 155)], 3)],
  [
    "a ring",
    (digit) =>
      plain(digit).stroke(
        [
          Array.from(
            { length: 122 },
            (_, k) => 84 + 76 * (k % 2 ? Math.sin(((k - 1) * Math.PI) / 60) : Math.cos((k * Math.PI) / 60)),
          ),
        ],
        3,
      ),
  ],
  ["a thick frame at the border", (digit) => plain(digit).stroke([rectangle(4, 4, SIDE - 4, SIDE - 4)], 10)],
  ["a frame that crosses the digit", (digit) => plain(digit).stroke([rectangle(20, 20, 150, 120)], 2), 8],
  ["a margin line", (digit) => plain(digit).stroke([[22, -5, 25, SIDE + 5]], 3, 60)],
  ["a line through it", (digit) => plain(digit).stroke([[80, -5, 82, SIDE + 5]], 2, 60), 8],
  ["ruled lines", ruled(0), 8],
  ["ruled lines aslant", ruled(0.05), 8],
  [
    "a grid",
    (digit) =>
      ruled(0)(digit).stroke(
        [12, 50, 88, 126, 164].map((x) => [x, -5, x, SIDE + 5]),
        2,
        70,
      ),
    12,
  ],
  ["underlined", (digit) => plain(digit).stroke([[10, 150, 160, 147]], 3)],
  ["a soft shadow", shadow(12)],
  ["a hard shadow", shadow(1), 8],
  [
    "dark corners",
    (digit) =>
      plain(digit).change(
        (level, x, y) => level * (1 - 0.6 * (((x - 85) / 120) ** 2 + ((y - 85) / 120) ** 2)),
      ),
  ],
  ["a sheet on a dark desk", onDesk(90, 235, 40), 8],
  ["a dark card on a light desk", onDesk(215, 60, 235), 8],
  [
    "the edge of the sheet",
    (digit) => plain(digit).change((level, x, y) => (x < 22 + 0.05 * y ? 80 : level)),
  ],
  ["a neighbour that is cut through", (digit) => plain(digit).stroke(placed(DIGITS[0], 90, -40, 40), PEN)],
];

/** The mean difference of two digits' pixels, of 255, if one may be moved by a pixel. */
function difference(a: Uint8Array, b: Uint8Array): number {
  let least = Infinity;
  for (const by of [-29, -28, -27, -1, 0, 1, 27, 28, 29]) {
    const sum = a.reduce((total, value, k) => total + Math.abs(value - (b[k - by] ?? 0)), 0);
    least = Math.min(least, sum / a.length);
  }
  return least;
}

const references = [DIGITS[2], DIGITS[4]].map(
  (digit) => [digit, digitFromPicture(plain(digit).picture())] as const,
);

describe("the same digit, in spite of", () => {
  // of a sample, one way shows a 2 and the next one a 4
  const rows = sampleOf(ways, 10).map(([way, draw, most = 5], k) => {
    return { way, draw, most, shown: few([references[k % 2]], references) };
  });
  test.each(rows)("$way", ({ draw, most, shown }) => {
    for (const [digit, reference] of shown) {
      expect(difference(digitFromPicture(draw(digit).picture()), reference)).toBeLessThan(most);
    }
  });
});

describe("thin strokes are as wide as MNIST's", () => {
  const [digit, size] = [DIGITS[2], 150];
  const written = (pen: number) => new Sheet(190, 190).stroke(placed(digit, size, 50, 20), pen).picture();
  const usual = digitFromPicture(written(size / 8));
  test.each([1, 2])("a pen of %d pixels", (pen) =>
    expect(difference(digitFromPicture(written(pen)), usual)).toBeLessThan(9),
  );
});

test("straight strokes of a digit are no lines, also where it is cut out close", () => {
  for (const digit of [DIGITS[1], DIGITS[4], DIGITS[7]]) {
    const width = digit === DIGITS[1] ? 24 : 72;
    const left = digit === DIGITS[1] ? 2 : 6;
    const reference = digitFromPicture(new Sheet(200, 200).stroke(placed(digit, 100, 60, 50), PEN).picture());
    const close = new Sheet(width, 112).stroke(placed(digit, 100, left, 6), PEN).picture();
    expect(difference(digitFromPicture(close), reference)).toBeLessThan(4);
  }
});

test("a single stroke from border to border is a 1", () => {
  const line = (x: number): Chain => [x, -5, x, SIDE + 5];
  for (const pen of [3, 8, 20, 30]) {
    const one = digitFromPicture(new Sheet(90, SIDE).stroke([line(45)], pen).picture());
    expect(one.filter((value) => value > 0).length, `pen ${pen}`).toBeGreaterThan(20 * 2);
  }
});

test("images like MNIST's stay as they are", () => {
  const { images } = drawDigits(100, 4);
  for (let n = 0; n < 100; n++) {
    const image = images.subarray(784 * n, 784 * (n + 1));
    const digit = digitFromPicture({ width: 28, height: 28, channels: 1, depth: 8, data: image });
    // the edges of faint strokes may be cut off, and the rest scaled up again
    expect(difference(digit, image)).toBeLessThan(10);
  }
});

describe("several characters are refused", () => {
  const two = (left: number, top: number, slant = 0) =>
    plain(DIGITS[2]).stroke(
      placed(
        DIGITS[4].map((chain) => chain.map((x, k) => (k % 2 ? x : x + slant * chain[k + 1]))),
        90,
        left,
        top,
      ),
      PEN,
    );
  const sheets: readonly [string, Sheet, number][] = [
    [
      "side by side",
      new Sheet(260, SIDE).stroke([...drawn(DIGITS[4]), ...placed(DIGITS[2], 90, 150, 50)], PEN),
      2,
    ],
    ["close", new Sheet(260, SIDE).stroke([...drawn(DIGITS[0]), ...placed(DIGITS[2], 90, 133, 40)], PEN), 2],
    [
      "in rows",
      new Sheet(SIDE, 260).stroke([...drawn(DIGITS[2]), ...placed(DIGITS[7], 90, 55, 150)], PEN),
      2,
    ],
    [
      "three",
      new Sheet(320, SIDE).stroke(
        [0, 90, 180].flatMap((x) => placed(DIGITS[8], 80, 30 + x, 40)),
        PEN,
      ),
      3,
    ],
  ];
  test.each(sheets)("%s", (_, sheet, count) =>
    expectInputError(
      () => digitFromPicture(sheet.picture()),
      new RegExp(`^${count} characters seem to be in the picture, but the network reads one at a time`),
    ),
  );

  test("leaning over one another", () => {
    const lean = (digit: readonly Chain[]) =>
      digit.map((chain) => chain.map((x, k) => (k % 2 ? x : x - 0.3 * chain[k + 1])));
    const sheet = new Sheet(260, SIDE);
    sheet.stroke([...placed(lean(DIGITS[7]), 100, 60, 30), ...placed(lean(DIGITS[2]), 100, 140, 30)], PEN);
    expectInputError(() => digitFromPicture(sheet.picture()), /^2 characters/);
  });

  test("but a dash and a stroke of one digit are not", () => {
    expect(() => digitFromPicture(two(500, 0).picture())).not.toThrow();
  });
});

describe("what was done is told", () => {
  const model = { inputShape: [1, 28, 28] as const, classes: ["0", "1"] };
  const told: readonly [string, Sheet, RegExp][] = [
    ["lines", ruled(0)(DIGITS[2]), /^4 lines were taken out$/],
    ["a sheet", onDesk(90, 235, 40)(DIGITS[2]), /^only the sheet/],
    ["light", shadow(12)(DIGITS[2]), /^the light was evened out$/],
    [
      "strokes",
      new Sheet(190, 190).stroke(placed(DIGITS[2], 150, 50, 20), 1.5),
      /^strokes of [12]\.\d pixels were made wider$/,
    ],
  ];
  test.each(told)("%s", (_, sheet, sentence) => {
    const { done, doubts } = preparePicture(model, sheet.picture());
    expect(done).toContainEqual(expect.stringMatching(sentence));
    expect(doubts).toEqual([]);
  });

  test("nothing, where nothing was", () =>
    expect(preparePicture(model, plain(DIGITS[2]).picture())).toMatchObject({ done: [], doubts: [] }));

  test("what is too wide for a digit is doubted", () => {
    const wide = new Sheet(300, 120).stroke([[30, 60, 120, 40, 200, 80, 270, 50]], PEN);
    expect(preparePicture(model, wide.picture()).doubts).toEqual([
      expect.stringContaining("much wider than a digit"),
    ]);
  });
});
