import {
  type Dataset,
  type ImageShape,
  type ModelSpec,
  permutation,
  pictureRule,
  randomStream,
  resizePicture,
  sizeOf,
} from "unravel-cnn";
import { normalizationOf } from "unravel-files";
import { PICTURE_BYTES } from "../collect/collection.js";
import { pictureOf } from "../collect/pictures.js";

/* A visitor's own pictures as images to train on. This runs in the worker that trains. */

/** What pictures become before they are trained on. */
export const imageKinds = ["grey28", "colour32", "colour48", "colour64"] as const;
export type ImageKind = (typeof imageKinds)[number];

export const imageShapes: Readonly<Record<ImageKind, ImageShape>> = {
  grey28: [1, 28, 28],
  colour32: [3, 32, 32],
  colour48: [3, 48, 48],
  colour64: [3, 64, 64],
};

/** Pictures of the tab *Collect*. */
export interface Collected {
  readonly kind: ImageKind;
  readonly classes: readonly string[];
  /** Bytes `[N, 64, 64, 3]`. */
  readonly pictures: Uint8Array;
  /** `[N]` */
  readonly labels: Uint8Array;
}

/** How pictures become inputs of a network, as its spec says it, so that others become them in the same way. */
export type InputRule = Pick<ModelSpec, "pictures" | "normalize">;

/** The fit that a network trained here says of itself: what is kept are the middles of pictures. */
const FIT = "cover";

/** The images, mixed, and the rule by which they were made. */
export function imagesOf(
  { kind, classes, pictures, labels }: Collected,
  onProgress?: (done: number, total: number) => void,
): { readonly train: Dataset; readonly rule: InputRule } {
  const shape = imageShapes[kind];
  const size = sizeOf(shape);
  const order = permutation(labels.length, randomStream(0, "pictures"));
  const images = new Uint8Array(labels.length * size);
  for (const [k, picture] of order.entries()) {
    const pixels = pictures.subarray(picture * PICTURE_BYTES, (picture + 1) * PICTURE_BYTES);
    images.set(resizePicture(pictureOf(pixels), shape, FIT), k * size);
    onProgress?.(k + 1, labels.length);
  }
  return {
    train: {
      name: "your collection",
      shape,
      images,
      labels: Uint8Array.from(order, (picture) => labels[picture]),
      classes,
    },
    rule: { pictures: pictureRule(shape, FIT), normalize: normalizationOf(images, shape) },
  };
}
