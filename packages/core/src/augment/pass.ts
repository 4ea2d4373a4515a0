import type { ImageShape } from "../tensor.js";
import type { Augmentation } from "./options.js";

/**
 * Changes one image, bytes `[C, H, W]`.
 * @param to another array of the same length, to be filled; `from` stays as it is
 * @param key what is drawn for the image follows from it
 */
export type Pass = (from: Uint8Array, to: Uint8Array, key: number) => void;

/** What an augmentation asks of one kind of pass; undefined: nothing. */
export type PassKind = (augmentation: Augmentation, shape: ImageShape) => Pass | undefined;
