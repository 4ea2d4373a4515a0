import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll } from "vitest";

/** The names of the four files. */
export const FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

export interface ShapesOptions {
  readonly train?: number;
  readonly test?: number;
  /** Height and width of the images. */
  readonly size?: number;
}

/**
 * Writes a folder with four IDX files that a network learns in a moment: ten classes, each a bright square at a place of
 * its own over noise.
 */
export async function writeShapes(folder: string, options: ShapesOptions = {}): Promise<string> {
  const { train = 600, test = 200, size = 12 } = options;
  await mkdir(folder, { recursive: true });
  for (const [count, images, labels] of [
    [train, FILES.trainImages, FILES.trainLabels],
    [test, FILES.testImages, FILES.testLabels],
  ] as const) {
    const classes = Uint8Array.from({ length: count }, (_, n) => (n * 7 + Math.floor(n / 10)) % 10);
    await writeFile(join(folder, `${images}.gz`), gzipSync(idx([count, size, size], draw(classes, size))));
    await writeFile(join(folder, labels), idx([count], classes));
  }
  return folder;
}

/** Writes that folder before the tests of a file. Returns the options that name it. */
export function useShapes(
  scratch: (name: string) => string,
  name: string,
  options?: ShapesOptions,
): () => readonly [string, string] {
  beforeAll(async () => {
    await writeShapes(scratch(name), options);
  });
  return () => ["--data", scratch(name)];
}

/** The bytes of an IDX file of unsigned bytes. */
export function idx(dimensions: readonly number[], values: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  header.setUint32(0, 0x0800 + dimensions.length);
  dimensions.forEach((dimension, i) => {
    header.setUint32(4 + 4 * i, dimension);
  });
  return Buffer.concat([new Uint8Array(header.buffer), values]);
}

function draw(classes: Uint8Array, size: number): Uint8Array {
  const pixels = new Uint8Array(classes.length * size * size);
  let noise = 1;
  for (let p = 0; p < pixels.length; p++) {
    noise = (Math.imul(noise, 1103515245) + 12345) >>> 0;
    pixels[p] = noise >>> 26; // 0 to 63: the upper bits are the random ones
  }
  for (const [n, k] of classes.entries()) {
    const [top, left] = [4 * Math.floor(k / 4), 3 * (k % 4)];
    for (let y = top; y < top + 3; y++) {
      for (let x = left; x < left + 3; x++) pixels[(n * size + y) * size + x] += 180;
    }
  }
  return pixels;
}
