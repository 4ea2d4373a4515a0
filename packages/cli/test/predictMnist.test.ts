import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { few, sampleOf } from "../../../test/support/long.js";
import { testWithMnist } from "../../../test/support/needs.js";
import {
  createEngine,
  type Dataset,
  digitFromPicture,
  type Engine,
  evaluate,
  firstOf,
  fit,
  inputFromPicture,
  oneConv,
  predict,
} from "../../core/src/index.js";
import { readIdxFolder } from "../../core/src/node/index.js";
import { randomStream } from "../../core/src/random.js";
import { decodePicture } from "../../files/dist/node/index.js";
import { drawnOn, jpegOf, pictureOf, pngOf, resized } from "./support/pictures.js";

/*
 * Real MNIST test images, written as pictures in many ways and read again. What the network makes of them must be as good as
 * what it makes of the images themselves. More images, and the figures: UNRAVEL_TEST_PICTURES=2000 npx vitest run predictMnist
 */

const FOLDER = join(process.env.UNRAVEL_DATA ?? "nowhere", "mnist");

const COUNT = Number(process.env.UNRAVEL_TEST_PICTURES ?? few(10, 200));
const TRAINING_IMAGES = process.env.UNRAVEL_TEST_PICTURES ? 20_000 : few(1_500, 3_000);

let engine: Engine;
let test: Dataset;
let plain: number;

beforeAll(async () => {
  if (!existsSync(FOLDER)) return;
  const mnist = await readIdxFolder(FOLDER, "MNIST");
  engine = await createEngine(oneConv(), { seed: 1, threads: 0 });
  await fit(engine, firstOf(mnist.train, TRAINING_IMAGES), { epochs: 2, seed: 1 });
  test = firstOf(mnist.test, COUNT);
  plain = (await evaluate(engine, test)).accuracy;
}, 600_000);

type Make = (digit: Uint8Array, n: number) => Uint8Array | Promise<Uint8Array>;

const random = randomStream(1, "pictures");
const LIGHT_ON_DARK = { paper: 0, ink: 255 };
const DARK_ON_LIGHT = { paper: 255, ink: 0 };

/** The digit, `side` pixels wide, on its own. */
function sized(digit: Uint8Array, side: number, colours: { paper: number; ink: number }) {
  return drawnOn(resized(digit, 28, side), { width: side, height: side, left: 0, top: 0, ...colours });
}

/** The digit somewhere on a larger sheet. */
function somewhere(digit: Uint8Array, n: number, side: number, colours: { paper: number; ink: number }) {
  const width = Math.round(side * (1.2 + 2 * random.uniform(4 * n)));
  const height = Math.round(side * (1.2 + 2 * random.uniform(4 * n + 1)));
  const left = random.below(width - side + 1, 4 * n + 2);
  const top = random.below(height - side + 1, 4 * n + 3);
  return drawnOn(resized(digit, 28, side), { width, height, left, top, ...colours });
}

/** Each pixel a little off, as a camera sees it, and the light falling from the left. */
function photo(digit: Uint8Array, n: number) {
  const grey = somewhere(digit, n, 100, { paper: 205, ink: 70 });
  const noise = randomStream(n, "camera");
  const data = grey.data.map(
    (value, k) => value + 4 * noise.normal(k) - (40 * (k % grey.width)) / grey.width,
  );
  return { ...grey, data };
}

const png = (grey: Parameters<typeof pictureOf>[0]) => pngOf(pictureOf(grey));

const ways: readonly [string, Make, share?: number][] = [
  ["PNG, 28 pixels", (digit) => png(sized(digit, 28, LIGHT_ON_DARK))],
  ["PNG, 28 pixels, dark on light", (digit) => png(sized(digit, 28, DARK_ON_LIGHT))],
  ["PNG, 56 pixels", (digit) => png(sized(digit, 56, LIGHT_ON_DARK))],
  ["PNG, 100 pixels, dark on light", (digit) => png(sized(digit, 100, DARK_ON_LIGHT))],
  ["PNG, 280 pixels", (digit) => png(sized(digit, 280, LIGHT_ON_DARK)), 0.4],
  ["PNG, 28 pixels, off-centre", (digit, n) => png(somewhere(digit, n, 28, LIGHT_ON_DARK))],
  ["PNG, 56 pixels, off-centre, dark on light", (digit, n) => png(somewhere(digit, n, 56, DARK_ON_LIGHT))],
  [
    "PNG, 100 pixels, off-centre, grey on grey",
    (digit, n) => png(somewhere(digit, n, 100, { paper: 180, ink: 110 })),
    0.4,
  ],
  [
    "JPEG, 56 pixels, off-centre, quality 80",
    (digit, n) => jpegOf(somewhere(digit, n, 56, DARK_ON_LIGHT), 80, false),
  ],
  [
    "JPEG, 100 pixels, off-centre, quality 40",
    (digit, n) => jpegOf(somewhere(digit, n, 100, DARK_ON_LIGHT), 40, false),
    0.4,
  ],
  ["JPEG, 100 pixels, noisy and unevenly lit", (digit, n) => jpegOf(photo(digit, n), 80, false), 0.4],
];

/** The share that the network gets right of the first images, when they are written as pictures. */
async function accuracyOf(make: Make, count: number): Promise<number> {
  const inputs = new Uint8Array(count * 784);
  for (let n = 0; n < count; n++) {
    const picture = await decodePicture(await make(test.images.subarray(n * 784, (n + 1) * 784), n));
    inputs.set(digitFromPicture(picture), n * 784);
  }
  const predictions = await predict(engine, inputs);
  return predictions.filter(({ index }, n) => index === test.labels[n]).length / count;
}

describe("MNIST images, written as pictures", () => {
  for (const [name, make, share = 1] of sampleOf(ways, 4)) {
    testWithMnist(
      name,
      async () => {
        const count = Math.round(COUNT * share);
        const expected = share === 1 ? plain : (await evaluate(engine, firstOf(test, count))).accuracy;
        const accuracy = await accuracyOf(make, count);
        if (process.env.UNRAVEL_TEST_PICTURES) {
          const [a, b] = [accuracy, expected].map((value) => (100 * value).toFixed(2));
          console.log(`${name}: ${a}% of ${count}; the images themselves ${b}%`);
        }
        // Within a point; of fewer than 200 images, two of them.
        expect(accuracy).toBeGreaterThanOrEqual(expected - Math.max(0.01, 2 / count) - 1e-9);
      },
      600_000,
    );
  }

  testWithMnist("raw: the same numbers as evaluate's", async () => {
    const inputs = new Uint8Array(COUNT * 784);
    for (let n = 0; n < COUNT; n++) {
      const digit = test.images.subarray(n * 784, (n + 1) * 784);
      const picture = await decodePicture(png(sized(digit, 28, LIGHT_ON_DARK)));
      inputs.set(inputFromPicture(engine.model, picture, { raw: true }), n * 784);
    }
    expect(Buffer.compare(inputs, test.images)).toBe(0);
    const right = (await predict(engine, inputs)).filter(({ index }, n) => index === test.labels[n]);
    expect(right.length / COUNT).toBe(plain);
  });
});
