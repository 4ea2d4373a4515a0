import type { Picture } from "unravel-cnn";

/*
 * How the camera was held, as EXIF says it: a picture's rows and columns as they lie in the file have to be turned or mirrored
 * before a person sees them upright. (CIPA DC-008, 4.6.4; the block begins like a TIFF file.)
 */

/** 1: as it lies. 2 to 4: mirrored, upside down, both. 5 to 8: with rows and columns exchanged. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * What an EXIF block says; 1 where it says nothing that makes sense: a picture isn't lost for that.
 * @param exif the block, with or without `Exif\0\0` before it
 */
export function orientationIn(exif: Uint8Array): Orientation {
  const named = String.fromCharCode(...exif.subarray(0, 6)) === "Exif\0\0";
  const block = named ? exif.subarray(6) : exif;
  if (block.length < 8) return 1;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const mark = view.getUint16(0);
  if (mark !== 0x4949 && mark !== 0x4d4d) return 1;
  const little = mark === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let k = 0; k < entries; k++) {
    const at = directory + 2 + 12 * k;
    if (at + 12 > block.length) return 1;
    if (view.getUint16(at, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(at + 2, little) === SHORT ? view.getUint16(at + 8, little) : 1;
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** Whether rows and columns are exchanged. */
export const exchanges = (orientation: Orientation): boolean => orientation >= 5;

/** The picture as a person sees it. */
export function upright(picture: Picture, orientation: Orientation): Picture {
  if (orientation === 1) return picture;
  const { width, height, channels, data } = picture;
  const turned = exchanges(orientation);
  const [newWidth, newHeight] = turned ? [height, width] : [width, height];
  const result = new (picture.depth === 16 ? Uint16Array : Uint8Array)(data.length);
  const [fromRight, fromBottom] = SIDES[orientation];
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [column, row] = turned ? [y, x] : [x, y];
      const sx = fromRight ? width - 1 - column : column;
      const sy = fromBottom ? height - 1 - row : row;
      const from = (sy * width + sx) * channels;
      const to = (y * newWidth + x) * channels;
      for (let c = 0; c < channels; c++) result[to + c] = data[from + c];
    }
  }
  return { ...picture, width: newWidth, height: newHeight, data: result };
}

/** Whether the file's columns are taken from the right, and its rows from the bottom. */
const SIDES: Readonly<Record<Orientation, readonly [fromRight: boolean, fromBottom: boolean]>> = {
  1: [false, false],
  2: [true, false],
  3: [true, true],
  4: [false, true],
  5: [false, false],
  6: [false, true],
  7: [true, true],
  8: [true, false],
};
