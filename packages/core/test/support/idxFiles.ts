import { gzipSync } from "node:zlib";
import type { Files } from "../../../../test/support/folder.js";

/** An IDX file, byte by byte. */
export function idx(
  magic: number,
  dimensions: readonly number[],
  values: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * dimensions.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  dimensions.forEach((dimension, i) => {
    view.setUint32(4 + 4 * i, dimension);
  });
  bytes.set(values, 4 + 4 * dimensions.length);
  return bytes;
}

export function idxImages(count: number, height: number, width: number) {
  return idx(0x803, [count, height, width], countUp(count * height * width));
}

export function idxLabels(labels: ArrayLike<number>) {
  return idx(0x801, [labels.length], labels);
}

/** 0, 1, 2, ... modulo 251, so that no two rows are alike. */
export function countUp(count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, k) => k % 251);
}

/** Three training images of 2x4 pixels and two test images, named like MNIST's files. */
export function fourFiles(changes: Files = {}): Files {
  return {
    "train-images-idx3-ubyte.gz": gzipSync(idxImages(3, 2, 4)),
    "train-labels-idx1-ubyte.gz": gzipSync(idxLabels([7, 0, 9])),
    "t10k-images-idx3-ubyte.gz": gzipSync(idxImages(2, 2, 4)),
    "t10k-labels-idx1-ubyte.gz": gzipSync(idxLabels([1, 2])),
    ...changes,
  };
}
