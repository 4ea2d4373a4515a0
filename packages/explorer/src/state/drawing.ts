import { digitPen, type ImageShape, type Model, sizeOf, type Tensor } from "unravel-cnn";
import type { Opened } from "./openedPicture.js";

/** Side of the drawing pad in its own units; points are whole numbers, so that a link carries them exactly. */
export const PAD = 256;

/** A line of the pen: x, y, x, y, ... */
export type Stroke = readonly number[];

/** What lies on the pad under the strokes. */
export type Base =
  | { readonly kind: "sample"; readonly digit: number; readonly index: number }
  /** Just what a network took: bytes `[C, H, W]`; `opened`, where they were made from a file. */
  | {
      readonly kind: "pixels";
      readonly shape: ImageShape;
      readonly bytes: Uint8Array;
      readonly opened?: Opened;
      /** A whole picture, which isn't read as ink: where it is bright, it is bright. */
      readonly isWhole?: boolean;
      /** What a camera saw: no link carries it. */
      readonly isLive?: boolean;
    };

export interface Drawing {
  readonly base: Base | undefined;
  readonly strokes: readonly Stroke[];
}

export const emptyDrawing: Drawing = { base: undefined, strokes: [] };

/** What lies on the pad at the start. */
export const firstDrawing: Drawing = { base: { kind: "sample", digit: 3, index: 0 }, strokes: [] };

export const isEmpty = ({ base, strokes }: Drawing) => base === undefined && strokes.length === 0;

/** Whether the empty pad is shown: a blank picture is none of the classes, and the network's numbers for it are no answer. */
export const isBlank = (shown: {
  readonly drawing: Drawing;
  readonly batch: unknown;
  readonly image: number;
}) => shown.batch === undefined && shown.image === 0 && isEmpty(shown.drawing);

const pen = digitPen(0, "test");
const drawn = new Map<string, Uint8Array>();

/** A digit of the shelf, drawn by the program: bytes `[28, 28]`. */
export function sampleBytes(digit: number, index: number): Uint8Array {
  const key = `${digit} ${index}`;
  const bytes = drawn.get(key) ?? pen.draw(digit, index);
  drawn.set(key, bytes);
  return bytes;
}

/** The bytes under the strokes and their shape. */
export function baseImage(base: Base): { readonly shape: ImageShape; readonly bytes: Uint8Array } {
  return base.kind === "pixels" ? base : { shape: [1, 28, 28], bytes: sampleBytes(base.digit, base.index) };
}

/** The first image of a batch `[N, C, H, W]`, as bytes. */
export function pixelsOf({ inputShape, pictures, normalize: { mean, std } }: Model, x: Tensor): Base {
  const plane = inputShape[1] * inputShape[2];
  const bytes = Uint8Array.from({ length: sizeOf(inputShape) }, (_, k) => {
    const channel = Math.floor(k / plane);
    return Math.max(0, Math.min(255, Math.round((x.data[k] * std[channel] + mean[channel]) * 255)));
  });
  return { kind: "pixels", shape: inputShape, bytes, isWhole: pictures !== undefined };
}
