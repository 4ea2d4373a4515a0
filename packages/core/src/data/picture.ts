import { InputError, show } from "../errors.js";
import { isTyped, kindOf } from "../options.js";
import { formatShape, type ImageShape } from "../tensor.js";

/**
 * A decoded picture: what a PNG or JPEG decoder gives. `[height, width, channels]`, row-major.
 *
 * Channels: 1 grey; 2 grey, alpha; 3 red, green, blue; 4 red, green, blue, alpha. Alpha is not multiplied into the colours.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  /** Bits of a value: 0 to 255 or 0 to 65535. */
  readonly depth: 8 | 16;
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
}

/** A browser's ImageData, or what has its form: red, green, blue and alpha in bytes. */
export interface PixelData {
  readonly width: number;
  readonly height: number;
  readonly data: Picture["data"];
}

/**
 * A picture with all that belongs to it, also from a browser's ImageData.
 * @throws InputError if the sizes are not those of a picture, or the values are of another kind or don't fill it
 */
export function pictureOf(given: Picture | PixelData): Picture {
  if (typeof given !== "object" || given === null) {
    throw new InputError(
      `A picture must be an object with width, height, channels, depth and data, or an ImageData, not ${kindOf(given)}.`,
    );
  }
  const { width, height, data } = given;
  const isPicture = "channels" in given || "depth" in given;
  const picture: Picture = isPicture ? given : { width, height, data, channels: 4, depth: 8 };
  checkPicture(picture);
  return picture;
}

/** The most pixels that a picture may have: a file of a few bytes can claim any size. */
export const MOST_PIXELS = 50_000_000;

/**
 * Looks whether a picture is sound: its size, and values that fill it.
 * @throws InputError if the sizes are not those of a picture, or the values don't fill it
 */
export function checkPicture({ width, height, channels, depth, data }: Picture): void {
  checkPictureSize(width, height);
  if (![1, 2, 3, 4].includes(channels)) {
    throw new InputError(`A picture has 1, 2, 3 or 4 channels, not ${show(channels)}.`);
  }
  if (depth !== 8 && depth !== 16)
    throw new InputError(`A picture has 8 or 16 bits a value, not ${show(depth)}.`);
  const kinds = depth === 8 ? (["Uint8Array", "Uint8ClampedArray"] as const) : (["Uint16Array"] as const);
  if (!kinds.some((kind) => isTyped(data, kind))) {
    throw new InputError(
      `The data of a picture with ${depth} bits a value must be a ${kinds.join(" or ")}, not ${kindOf(data)}.`,
    );
  }
  if (data.length !== width * height * channels) {
    throw new InputError(
      `A picture of ${width}x${height} with ${channels} channels holds ${width * height * channels} values, but ${data.length} were given.`,
    );
  }
}

/**
 * Looks whether a picture can have this width and height, in pixels, before memory is taken for it.
 * @throws InputError if a picture can't have this size, or it is too large to be read
 */
export function checkPictureSize(width: number, height: number): void {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new InputError(
      `The picture's width and height must be whole numbers of at least 1, not ${show(width)} and ${show(height)}.`,
    );
  }
  if (width * height > MOST_PIXELS) {
    throw new InputError(
      `The picture has ${width}x${height} pixels, more than the ${MOST_PIXELS / 1e6} million that can be read; make it smaller.`,
    );
  }
}

/** A picture in numbers from 0 to 255, without alpha. */
export interface Colours {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `[height, width, channels]` */
  readonly data: Float32Array;
}

/**
 * The picture laid on a background, each pixel of the result being the mean of `step` x `step` of its pixels.
 * @param background grey level under what is transparent, 0 to 255
 */
export function coloursOf(picture: Picture, background = 255, step = 1): Colours {
  const { data } = picture;
  const scale = picture.depth === 16 ? 1 / 257 : 1;
  const alphaScale = picture.depth === 16 ? 1 / 65535 : 1 / 255;
  const channels = picture.channels <= 2 ? 1 : 3;
  const hasAlpha = picture.channels % 2 === 0;
  const width = Math.ceil(picture.width / step);
  const height = Math.ceil(picture.height / step);
  const sums = new Float32Array(width * height * channels);
  for (let y = 0; y < picture.height; y++) {
    const row = Math.floor(y / step) * width;
    // the last row and column of cells may hold fewer pixels
    const rows = Math.min(step, picture.height - Math.floor(y / step) * step);
    for (let x = 0; x < picture.width; x++) {
      const column = Math.floor(x / step);
      const share = 1 / (rows * Math.min(step, picture.width - column * step));
      const from = (y * picture.width + x) * picture.channels;
      const alpha = hasAlpha ? data[from + channels] * alphaScale : 1;
      for (let c = 0; c < channels; c++) {
        sums[(row + column) * channels + c] +=
          share * (background + alpha * (data[from + c] * scale - background));
      }
    }
  }
  return { width, height, channels, data: sums };
}

/** The bytes of a model's input whose size the picture has: scaled to bytes, made grey for one channel, nothing else. */
export function rawInput(picture: Picture, shape: ImageShape): Uint8Array {
  const [, height, width] = shape;
  if (picture.width !== width || picture.height !== height) {
    throw new InputError(
      `The picture has ${picture.width}x${picture.height} pixels, but a raw picture for this model must have ${width}x${height}.`,
    );
  }
  return inputBytes(coloursOf(picture), shape);
}

/**
 * The whole picture in a model's size, its aspect kept and the rest filled with the colour of its border; each new pixel is
 * the mean of the area that it covers.
 * @param given a decoded file, or the ImageData of a canvas
 * @param shape `[C, H, W]`; one channel is grey, three are red, green and blue
 * @returns bytes `[C, H, W]`
 * @throws InputError if the picture is broken, or the shape has neither 1 nor 3 channels
 */
export function wholeInput(given: Picture | PixelData, shape: ImageShape): Uint8Array {
  const picture = pictureOf(given);
  checkChannels(shape);
  const [, height, width] = shape;
  const step = Math.max(picture.width / width, picture.height / height);
  const left = (width - picture.width / step) / 2;
  const top = (height - picture.height / step) / 2;
  const border = borderColour(picture);
  const channels = border.length as 1 | 3;
  // First along the rows, then along the columns. Row by row, as all of a photo in numbers takes several times its size.
  const rows = new Float32Array(picture.height * width * channels);
  for (let y = 0; y < picture.height; y++) {
    const { data } = coloursOf(partOf(picture, { y, height: 1 }));
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const at = (sx: number) => data[sx * channels + c];
        rows[(y * width + x) * channels + c] = mean(
          at,
          picture.width,
          (x - left) * step,
          (x + 1 - left) * step,
          border[c],
        );
      }
    }
  }
  const data = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let k = 0; k < width * channels; k++) {
      const at = (sy: number) => rows[sy * width * channels + k];
      data[y * width * channels + k] = mean(
        at,
        picture.height,
        (y - top) * step,
        (y + 1 - top) * step,
        border[k % channels],
      );
    }
  }
  return inputBytes({ width, height, channels, data }, shape);
}

/** The mean of a row of `count` values over [from, to), `outside` being what lies before and after the row. */
function mean(at: (k: number) => number, count: number, from: number, to: number, outside: number): number {
  const start = Math.max(0, from);
  const end = Math.min(count, to);
  let sum = outside * (to - from - Math.max(0, end - start));
  for (let k = Math.floor(start); k < end; k++) sum += at(k) * (Math.min(k + 1, end) - Math.max(k, start));
  return sum / (to - from);
}

/** Some rows of a picture, or some of their columns. */
function partOf(
  picture: Picture,
  part: { x?: number; y?: number; width?: number; height?: number },
): Picture {
  const { x = 0, y = 0, width = picture.width, height = picture.height } = part;
  const { channels } = picture;
  if (width === picture.width) {
    const data = picture.data.subarray(y * width * channels, (y + height) * width * channels);
    return { ...picture, height, data };
  }
  const data = new (picture.depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * channels;
    data.set(picture.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { ...picture, width, height, data };
}

/** The middle of the colours of the four sides. */
export function borderColour(picture: Picture): number[] {
  const { width, height } = picture;
  const sides = [{ height: 1 }, { y: height - 1, height: 1 }, { width: 1 }, { x: width - 1, width: 1 }].map(
    (side) => coloursOf(partOf(picture, side)),
  );
  return Array.from({ length: sides[0].channels }, (_, c) =>
    median(sides.flatMap(({ channels, data }) => Array.from(data.filter((_, k) => k % channels === c)))),
  );
}

/** The middle value; of two, the higher. Sorts `values`. */
export function median(values: number[] | Float32Array): number {
  // typed arrays sort numbers as such, and much faster than by a function
  if (values instanceof Float32Array) values.sort();
  else values.sort((a, b) => a - b);
  return values[values.length >> 1];
}

/** `[C, H, W]` bytes, grey or in colour as the shape wants. */
export function inputBytes({ channels, data }: Colours, shape: ImageShape): Uint8Array {
  checkChannels(shape);
  const [wanted, height, width] = shape;
  const plane = height * width;
  const bytes = new Uint8Array(wanted * plane);
  for (let c = 0; c < wanted; c++) {
    const from = channels === 3 ? c : 0;
    const to = c * plane;
    if (channels === 3 && wanted === 1) {
      for (let k = 0; k < plane; k++) {
        bytes[k] = rounded(luminance(data[k * 3], data[k * 3 + 1], data[k * 3 + 2]));
      }
    } else {
      for (let k = 0; k < plane; k++) bytes[to + k] = rounded(data[k * channels + from]);
    }
  }
  return bytes;
}

const rounded = (value: number) => Math.min(255, Math.floor(value + 0.5));

/** How light a colour is: the weights of ITU-R BT.601, as in JPEG. Grey gives itself. */
function luminance(red: number, green: number, blue: number): number {
  return (299 * red + 587 * green + 114 * blue) / 1000;
}

export function checkChannels(shape: ImageShape): void {
  if (shape[0] !== 1 && shape[0] !== 3) {
    throw new InputError(
      `The model takes images of shape ${formatShape(shape)}, but a picture gives 1 channel (grey) or 3 (red, green, blue).`,
    );
  }
}
