import { conv2d, dense, flatten, maxPool2d, relu, sequential } from "../../src/builders.js";
import type { Dataset } from "../../src/data/dataset.js";
import { randomStream } from "../../src/random.js";

const SIZE = 10;

/**
 * Pictures of one bright bar in noise: class 0 lies in the upper half, 1 in the lower, 2 stands in the left, 3 in the
 * right. Easy to learn, but not from one pixel.
 */
export function bars(count: number, seed = 0): Dataset {
  const random = randomStream(seed, "bars");
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const label = random.below(4, 2 * n);
    const line = (label % 2) * (SIZE / 2) + random.below(SIZE / 2, 2 * n + 1);
    labels[n] = label;
    for (let p = 0; p < SIZE; p++) {
      for (let q = 0; q < SIZE; q++) {
        const k = (n * SIZE + p) * SIZE + q;
        const bright = (label < 2 ? p : q) === line;
        images[k] = random.below(80, 2 * count + k) + (bright ? 150 : 0);
      }
    }
  }
  return {
    name: "bars",
    shape: [1, SIZE, SIZE],
    images,
    labels,
    classes: ["upper", "lower", "left", "right"],
  };
}

/** So many, of which each 100th is the same: where there must be much to do, and drawing them would take longer. */
export function manyBars(count: number): Dataset {
  const few = bars(100);
  const repeated = (values: Uint8Array) => {
    const all = new Uint8Array((values.length / 100) * count);
    for (let k = 0; k < all.length; k += values.length) all.set(values.subarray(0, all.length - k), k);
    return all;
  };
  return { ...few, images: repeated(few.images), labels: repeated(few.labels) };
}

/** A small network for them. */
export const barsNetwork = sequential(
  [1, SIZE, SIZE],
  [conv2d({ filters: 6, kernel: 3 }), relu(), maxPool2d({ size: 2 }), flatten(), dense({ units: 4 })],
  { classes: ["upper", "lower", "left", "right"] },
);
