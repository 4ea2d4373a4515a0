import { describe, expect, test } from "vitest";
import { augmented, createAugmenter } from "../../src/augment/augmenter.js";
import { below, between, imageKey, PLACES, symmetric } from "../../src/augment/dice.js";
import {
  type Augmentation,
  type AugmentSpec,
  augmentKinds,
  augmentNames,
  resolveAugment,
} from "../../src/augment/options.js";
import { crc32 } from "../../src/formats/crc32.js";
import { maskHash, maskKey } from "../../src/layers/dropoutMask.js";
import type { ImageShape } from "../../src/tensor.js";
import { chiSquare, momentsOf } from "../support/statistics.js";

const grey: ImageShape = [1, 28, 28];
const photo: ImageShape = [3, 32, 32];

const sizeOf = ([c, h, w]: ImageShape) => c * h * w;

/** An image with no two alike rows or columns. */
function pattern(shape: ImageShape): Uint8Array {
  return Uint8Array.from({ length: sizeOf(shape) }, (_, k) => (k * 37 + (k >> 3) * 11) % 256);
}

function change(augment: Augmentation, shape: ImageShape, index: number, seed = 1, epoch = 1): Uint8Array {
  const image = pattern(shape);
  const target = new Uint8Array(image.length);
  createAugmenter(augment, shape, seed)({ epoch, index }, image, 0, target, 0);
  return target;
}

describe("the draws", () => {
  test("are those of the text in dice.ts, a hash like dropout's", () => {
    const key = imageKey(1, 2, 3, 4);
    expect(key).toBe(0x934addd8);
    expect(key).toBe(maskKey({ mode: "training", seed: 1, step: 2, node: 3 }, 4));
    expect([0, 1, 2].map((place) => maskHash(key, place))).toEqual([0x28e1c7ab, 0xd5a54feb, 0x5adacc4a]);
    expect(below(1000, key, 0)).toBe(Math.floor((1000 * 0x28e1c7ab) / 2 ** 32));
    expect(symmetric(key, 1)).toBe(0xd5a54feb / 2 ** 31 - 1);
  });

  test("no two uses share one", () => {
    const places = Object.values(PLACES);
    expect(new Set(places).size).toBe(places.length);
    expect(Math.max(...places)).toBe(PLACES.elastic);
  });

  const keys = Array.from({ length: 20_000 }, (_, k) => imageKey(5, 1 + Math.floor(k / 1000), k % 1000, 0));

  test.each(Object.entries(PLACES))("%s: every value is as likely as the others", (_, place) => {
    const counts = new Array<number>(5).fill(0);
    for (const key of keys) counts[between(2, key, place) + 2] += 1;
    expect(chiSquare(counts)).toBeLessThan(23.5); // one in 10,000, with 4 degrees of freedom
    const { mean, variance } = momentsOf(keys.map((key) => symmetric(key, place)));
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / 3 / keys.length));
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.01);
  });

  test("different places know nothing of each other", () => {
    const both = keys.map((key) => symmetric(key, PLACES.shiftX) * symmetric(key, PLACES.shiftY));
    expect(Math.abs(momentsOf(both).mean)).toBeLessThan(4 * Math.sqrt(1 / 9 / keys.length));
  });
});

describe("what is done to an image", () => {
  test("flipped twice it is as before; about half of all are", () => {
    let flipped = 0;
    const image = pattern(photo);
    for (let index = 0; index < 400; index++) {
      const once = change({ flip: 1 }, photo, index);
      const isFlipped = once.some((value, k) => value !== image[k]);
      flipped += isFlipped ? 1 : 0;
      if (!isFlipped || index > 20) continue;
      const twice = new Uint8Array(once.length);
      createAugmenter({ flip: 1 }, photo, 1)({ epoch: 1, index }, once, 0, twice, 0);
      expect(twice).toEqual(image);
    }
    expect(flipped).toBeGreaterThan(160);
    expect(flipped).toBeLessThan(240);
  });

  test.each(augmentNames)("%s: 0 is nothing, false too, and a very little of it hardly anything", (name) => {
    expect(resolveAugment({ [name]: 0 }, grey)).toBeUndefined();
    expect(resolveAugment({ [name]: false }, grey)).toBeUndefined();
    expect(resolveAugment({ [name]: true }, grey)).toEqual({ [name]: augmentKinds[name].usual });
    if (["shift", "flip", "crop", "erase"].includes(name)) return;
    expect(change({ [name]: 1e-9 }, photo, 3)).toEqual(pattern(photo));
  });

  test("shifts by each amount, whole pixels, as often as by the others", () => {
    const counts = new Map<string, number>();
    const wide: ImageShape = [1, 9, 9];
    const image = new Uint8Array(81);
    image[4 * 9 + 4] = 200;
    const augment = createAugmenter({ shift: 2 }, wide, 3);
    const target = new Uint8Array(81);
    const inked = new Set<number>();
    for (let index = 0; index < 2500; index++) {
      augment({ epoch: 1, index }, image, 0, target, 0);
      const place = target.indexOf(200);
      inked.add(target.filter((value) => value > 0).length);
      const key = `${(place % 9) - 4},${Math.floor(place / 9) - 4}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...inked]).toEqual([1]);
    expect(counts.size).toBe(25);
    expect(chiSquare([...counts.values()])).toBeLessThan(60); // 24 degrees of freedom: one in 10,000 is above 59
  });

  test("turns, slants and scales a cross around the middle", () => {
    const side = 41;
    const image = new Uint8Array(side * side);
    for (let k = 5; k < 36; k++) image[20 * side + k] = 255;
    const ends = (augment: Augmentation, index: number) => {
      const out = new Uint8Array(side * side);
      createAugmenter(augment, [1, side, side], 2)({ epoch: 1, index }, image, 0, out, 0);
      let [mass, slope, spread] = [0, 0, 0];
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          const ink = out[y * side + x];
          mass += ink;
          slope += ink * (x - 20) * (y - 20);
          spread += ink * (x - 20) ** 2;
        }
      }
      return { angle: Math.atan2(slope, spread), length: Math.sqrt((12 * spread) / mass) };
    };
    const angles = Array.from(
      { length: 60 },
      (_, index) => ends({ rotate: 20 }, index).angle * (180 / Math.PI),
    );
    expect(Math.max(...angles)).toBeLessThan(20.5);
    expect(Math.max(...angles)).toBeGreaterThan(15);
    expect(Math.min(...angles)).toBeLessThan(-15);
    for (const [index, angle] of angles.entries()) {
      expect(angle).toBeCloseTo(20 * symmetric(imageKey(2, 1, index, 0), PLACES.rotate), 0);
    }
    for (const index of [0, 1, 2, 3]) {
      const factor = 1 + 0.3 * symmetric(imageKey(2, 1, index, 0), PLACES.scale);
      expect(ends({ scale: 0.3 }, index).length / 31).toBeCloseTo(factor, 1);
    }
  });

  test("erases a rectangle of the mean colour, of all sizes and everywhere", () => {
    const seen = { rows: new Set<number>(), columns: new Set<number>() };
    const sizes = new Set<number>();
    for (let index = 0; index < 300; index++) {
      const image = Uint8Array.from({ length: 784 }, (_, k) => (k % 2 === 0 ? 0 : 200));
      const out = new Uint8Array(784);
      createAugmenter({ erase: 0.5 }, grey, 4)({ epoch: 1, index }, image, 0, out, 0);
      const gone = [...out.keys()].filter((k) => out[k] === 100);
      const rows = gone.map((k) => Math.floor(k / 28));
      const columns = gone.map((k) => k % 28);
      const [height, width] = [rows, columns].map((all) => Math.max(...all) - Math.min(...all) + 1);
      expect(gone).toHaveLength(height * width);
      expect(Math.max(height, width)).toBeLessThanOrEqual(14);
      sizes.add(height);
      for (const row of rows) seen.rows.add(row);
      for (const column of columns) seen.columns.add(column);
    }
    expect(sizes.size).toBe(14);
    expect([seen.rows.size, seen.columns.size]).toEqual([28, 28]);
  });

  test("an even image stays as it is, whatever moves or bends it", () => {
    const even = new Uint8Array(784).fill(77);
    const everything = {
      shift: 3,
      rotate: 90,
      scale: 0.5,
      shear: 30,
      flip: 1,
      crop: 5,
      erase: 1,
      elastic: 6,
    };
    const out = new Uint8Array(784);
    for (let index = 0; index < 20; index++) {
      createAugmenter(everything, grey, 6)({ epoch: 1, index }, even, 0, out, 0);
      expect(out).toEqual(even);
    }
  });

  test("follows from seed, epoch, image and copy, and from nothing else", () => {
    const auto = resolveAugment("auto", photo) as Augmentation;
    const of = (seed: number, epoch: number, index: number, copy?: number) => {
      const out = new Uint8Array(sizeOf(photo));
      const place = { epoch, index, ...(copy !== undefined && { copy }) };
      createAugmenter(auto, photo, seed)(place, pattern(photo), 0, out, 0);
      return crc32(out);
    };
    expect(of(1, 1, 1)).toBe(of(1, 1, 1, 0));
    const others = [of(1, 1, 1), of(2, 1, 1), of(1, 2, 1), of(1, 1, 2), of(1, 1, 1, 1)];
    expect(new Set(others).size).toBe(5);
    const two = new Uint8Array([...pattern(photo), ...pattern(photo)]);
    const augment = createAugmenter(auto, photo, 1);
    const batch = augmented(augment, two, photo, [1, 0], 1);
    expect(crc32(batch.subarray(0, sizeOf(photo)))).toBe(of(1, 1, 1));
    expect(crc32(batch.subarray(sizeOf(photo)))).toBe(of(1, 1, 0));
  });

  test("one option more changes nothing of the others", () => {
    const alone = change({ flip: 1, crop: 3 }, photo, 8);
    const more = change({ flip: 1, crop: 3, erase: 0.1 }, photo, 8);
    const differ = alone.filter((value, k) => value !== more[k]).length;
    expect(differ).toBeLessThanOrEqual(3 * 9);
  });

  /** These bytes must never be others: a training that goes on would end with other bits. */
  test.each([
    ["auto, grey", "auto", grey, 0x7b6efa90],
    ["auto, photo", "auto", photo, 0x697c3ae1],
    ["all", Object.fromEntries(augmentNames.map((name) => [name, true])), photo, 0xdab3b9dd],
  ] as const)("%s: golden checksum", (_, spec, shape, checksum) => {
    const augment = resolveAugment(spec as AugmentSpec, shape) as Augmentation;
    const bytes = Array.from({ length: 50 }, (_, index) => change(augment, shape, index, 7, 3));
    const all = new Uint8Array(50 * sizeOf(shape));
    for (const [k, one] of bytes.entries()) all.set(one, k * one.length);
    expect(crc32(all)).toBe(checksum);
  });
});

describe("what suits the images", () => {
  test("auto turns digits a little, and mirrors photographs", () => {
    expect(resolveAugment("auto", grey)).toEqual({ shift: 2, rotate: 10, scale: 0.1, shear: 5 });
    expect(resolveAugment("auto", photo)).toEqual({ flip: 1, crop: 4 });
    expect(resolveAugment("auto", [3, 96, 64])).toEqual({ flip: 1, crop: 8 });
    expect(resolveAugment("auto", [1, 1, 1])).toEqual({ rotate: 10, scale: 0.1, shear: 5 });
    expect(resolveAugment(undefined, grey)).toBeUndefined();
  });

  test.each([
    ["a word", "much", /augment must be "auto" or options like/],
    ["an unknown one", { shfit: 2 }, /unknown option of augment "shfit" \(did you mean "shift"\?\)/],
    ["half a pixel", { shift: 1.5 }, /augment.shift must be a whole number/],
    ["too far", { shift: 28 }, /augment.shift must be below 28/],
    ["too large a crop", { crop: 40 }, /augment.crop must be below 28/],
    ["too much", { contrast: 1.5 }, /augment.contrast must be a number from 0 to 1, not 1.5/],
    ["a text", { rotate: "10" }, /augment.rotate must be a number of degrees from 0 to 180, not "10"/],
    ["no number", { scale: Number.NaN }, /augment.scale must be a number from 0 to 0.9, not NaN/],
    ["twice mirrored", { flip: 2 }, /augment.flip must be a whole number from 0 to 1, not 2/],
  ])("%s is refused", (_, spec, message) => {
    expect(() => resolveAugment(spec as AugmentSpec, grey)).toThrow(message);
  });

  test("images that are too large for its numbers are refused", () => {
    expect(() => resolveAugment("auto", [1, 4, 9000])).toThrow(/at most 8192 a side can/);
  });
});
