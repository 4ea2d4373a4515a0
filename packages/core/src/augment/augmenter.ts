import { type ImageShape, sizeOf } from "../tensor.js";
import { imageKey } from "./dice.js";
import { erase } from "./erase.js";
import { light } from "./light.js";
import { moves } from "./moves.js";
import type { Augmentation } from "./options.js";
import type { PassKind } from "./pass.js";
import { warp } from "./warp.js";

/** In the order in which they are done. */
const KINDS: readonly PassKind[] = [warp, moves, light, erase];

/** Which image is to be changed, and where that is done. */
export interface AugmentPlace {
  /** Counted from 1. */
  readonly epoch: number;
  /** Of the image in the data that is trained on. */
  readonly index: number;
  /** Which one, where several are made of an image in an epoch; default 0. */
  readonly copy?: number;
}

/**
 * Changes the image of bytes `[C, H, W]` that begins at `source[from]` by chance, and writes it from `target[to]` on. At the same
 * place in a training it makes the same changes.
 */
export type Augmenter = (
  place: AugmentPlace,
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
) => void;

/**
 * Changes images as chance has it: a pure function of what it is given, and of where an image stands.
 * @returns a function that takes the image of bytes `[C, H, W]` that begins at `from` in `source`, and writes it to `to` in `target`
 */
export function createAugmenter(augmentation: Augmentation, shape: ImageShape, seed: number): Augmenter {
  const size = sizeOf(shape);
  const passes = KINDS.flatMap((kind) => kind(augmentation, shape) ?? []);
  let image = new Uint8Array(size);
  let other = new Uint8Array(size);
  return ({ epoch, index, copy = 0 }, source, from, target, to) => {
    const key = imageKey(seed, epoch, index, copy);
    image.set(source.subarray(from, from + size));
    for (const pass of passes) {
      pass(image, other, key);
      [image, other] = [other, image];
    }
    target.set(image, to);
  };
}

/**
 * Images of a data set as an epoch sees them.
 * @param images bytes `[N, C, H, W]`; @param indices which of them
 */
export function augmented(
  augment: Augmenter,
  images: Uint8Array,
  shape: ImageShape,
  indices: ArrayLike<number>,
  epoch: number,
): Uint8Array {
  const size = sizeOf(shape);
  const changed = new Uint8Array(indices.length * size);
  for (let n = 0; n < indices.length; n++) {
    augment({ epoch, index: indices[n] }, images, indices[n] * size, changed, n * size);
  }
  return changed;
}
