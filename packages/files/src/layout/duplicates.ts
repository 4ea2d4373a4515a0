/** A picture for testing that is also trained on. */
export interface Duplicate {
  readonly test: number;
  readonly train: number;
}

/**
 * Which images of a set are there before, byte for byte, and where first.
 * @param size bytes of an image
 */
export function repeatedIn(images: Uint8Array, size: number): { image: number; first: number }[] {
  const byHash = new Map<number, number[]>();
  const found: { image: number; first: number }[] = [];
  for (let image = 0; image * size < images.length; image++) {
    const hash = hashOf(images, image * size, size);
    const same = byHash.get(hash);
    const first = same?.find((one) => areEqual(images, one * size, images, image * size, size));
    if (first !== undefined) found.push({ image, first });
    else if (same) same.push(image);
    else byHash.set(hash, [image]);
  }
  return found;
}

/**
 * Which test images are also among those for training, byte for byte.
 * @param size bytes of an image
 */
export function duplicatesAcross(train: Uint8Array, test: Uint8Array, size: number): Duplicate[] {
  const byHash = new Map<number, number[]>();
  for (let k = 0; k * size < train.length; k++) {
    const hash = hashOf(train, k * size, size);
    const same = byHash.get(hash);
    if (same) same.push(k);
    else byHash.set(hash, [k]);
  }
  const found: Duplicate[] = [];
  for (let k = 0; k * size < test.length; k++) {
    const candidates = byHash.get(hashOf(test, k * size, size)) ?? [];
    const twin = candidates.find((one) => areEqual(train, one * size, test, k * size, size));
    if (twin !== undefined) found.push({ test: k, train: twin });
  }
  return found;
}

/** FNV-1a, of 32 bits, four bytes at once. */
function hashOf(bytes: Uint8Array, from: number, size: number): number {
  let hash = 0x811c9dc5;
  const end = from + size;
  let k = from;
  for (; k + 4 <= end; k += 4) {
    const word = bytes[k] | (bytes[k + 1] << 8) | (bytes[k + 2] << 16) | (bytes[k + 3] << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15; // what is in a word's upper bits reaches the lower ones
  }
  for (; k < end; k++) hash = Math.imul(hash ^ bytes[k], 0x01000193);
  return hash;
}

function areEqual(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number, size: number): boolean {
  for (let k = 0; k < size; k++) if (a[aFrom + k] !== b[bFrom + k]) return false;
  return true;
}
