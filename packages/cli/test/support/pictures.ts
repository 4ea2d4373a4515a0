import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import encodeJpeg, { init } from "@jsquash/jpeg/encode.js";
import { encode as encodePng } from "fast-png";
import type { Picture } from "../../../core/src/index.js";

/*
 * Pictures of digits as a person would have them: larger, off-centre, dark on light, as PNG and as JPEG.
 */

/** Grey levels, `[height, width]`. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A grey picture made of a function of the place. */
export function greyOf(width: number, height: number, at: (x: number, y: number) => number): Grey {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = at(x, y);
  return { width, height, data };
}

/** A square image in another size, as programs that show pictures do it: bilinear. */
export function resized(image: ArrayLike<number>, side: number, newSide: number): Grey {
  const pixel = (x: number, y: number) => image[y * side + x];
  const place = (k: number) => Math.max(0, Math.min(side - 1, ((k + 0.5) * side) / newSide - 0.5));
  return greyOf(newSide, newSide, (x, y) => {
    const [left, top] = [Math.floor(place(x)), Math.floor(place(y))];
    const [right, bottom] = [Math.min(side - 1, left + 1), Math.min(side - 1, top + 1)];
    const [toRight, toBottom] = [place(x) - left, place(y) - top];
    const row = (line: number) => pixel(left, line) * (1 - toRight) + pixel(right, line) * toRight;
    return row(top) * (1 - toBottom) + row(bottom) * toBottom;
  });
}

/** Ink (0 to 255) laid on paper at a place; paper and ink are grey levels. */
export function drawnOn(
  ink: Grey,
  canvas: { width: number; height: number; left: number; top: number; paper: number; ink: number },
): Grey {
  return greyOf(canvas.width, canvas.height, (x, y) => {
    const [column, row] = [x - canvas.left, y - canvas.top];
    const inside = column >= 0 && row >= 0 && column < ink.width && row < ink.height;
    const share = inside ? ink.data[row * ink.width + column] / 255 : 0;
    return canvas.paper + share * (canvas.ink - canvas.paper);
  });
}

/** As a decoder would give it. */
export function pictureOf({ width, height, data }: Grey): Picture {
  return { width, height, channels: 1, depth: 8, data: Uint8ClampedArray.from(data) };
}

export function pngOf({ width, height, channels, depth, data }: Picture, interlaced = false): Uint8Array {
  return encodePng({ width, height, channels, depth, data }, interlaced ? { interlace: "Adam7" } : undefined);
}

let encoder: Promise<void> | undefined;

/** @param quality 0 to 100 */
export async function jpegOf({ width, height, data }: Grey, quality = 80, progressive = true) {
  encoder ??= startEncoder();
  await encoder;
  const colours = new Uint8ClampedArray(4 * width * height);
  for (const [k, value] of data.entries()) colours.set([value, value, value, 255], 4 * k);
  const image = { width, height, data: colours } as unknown as ImageData;
  return new Uint8Array(await encodeJpeg(image, { quality, progressive }));
}

async function startEncoder(): Promise<void> {
  const path = createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm");
  const options = { wasmBinary: readFileSync(path), printErr: () => {} };
  await init(options as unknown as Parameters<typeof init>[0]);
}
