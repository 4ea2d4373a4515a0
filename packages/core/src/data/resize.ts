import { InputError, inContext, show } from "../errors.js";
import { type Fit, fits } from "../graph/pictures.js";
import { wholeNumber } from "../options.js";
import type { ImageShape } from "../tensor.js";
import {
  borderColour,
  checkChannels,
  inputBytes,
  type Picture,
  type PixelData,
  pictureOf,
} from "./picture.js";

/*
 * A picture in another size. Each new pixel is the mean of the pixels whose middle lies in its area (Pillow calls this BOX); where
 * the picture is made larger, it is the pixel in which its own middle lies. Sums and quotients in one order: the same bytes on every machine.
 */

/** A part of a picture, in its pixels, which may lie between them. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A picture in a model's size, laid on white where it is transparent.
 *
 * - `cover`: the largest part from its middle that has the shape's aspect.
 * - `contain`: all of it, its aspect kept, in the middle; the rest has the colour of its border.
 * - `stretch`: all of it, pulled to the shape.
 *
 * @param given a decoded file, or the ImageData of a canvas
 * @param shape `[C, H, W]`; one channel is grey, three are red, green and blue
 * @returns bytes `[C, H, W]`
 * @throws InputError if the picture is broken, the shape is none with 1 or 3 channels, or there is no such fit
 */
export function resizePicture(given: Picture | PixelData, shape: ImageShape, fit: Fit = "cover"): Uint8Array {
  const picture = pictureOf(given);
  checkChannels(shape);
  const [, height, width] = shape;
  inContext("The picture", () => {
    for (const [name, size] of Object.entries({ width, height })) wholeNumber(`its new ${name}`, size, 1);
  });
  if (!Object.hasOwn(placements, fit)) {
    throw new InputError(`A picture's fit must be ${fits.join(", ")}, not ${show(fit)}.`);
  }
  const channels = picture.channels <= 2 ? 1 : 3;
  if (picture.width === width && picture.height === height && isPlain(picture)) {
    return planes(picture, shape);
  }
  const { box, inner } = placements[fit](picture, width, height);
  const scaled = scale(picture, box, inner.width, inner.height);
  if (inner.width === width && inner.height === height) {
    return inputBytes({ width, height, channels, data: scaled }, shape);
  }
  const border = borderColour(picture);
  const data = new Float32Array(width * height * channels);
  for (let k = 0; k < data.length; k++) data[k] = border[k % channels];
  for (let y = 0; y < inner.height; y++) {
    const row = scaled.subarray(y * inner.width * channels, (y + 1) * inner.width * channels);
    data.set(row, ((inner.top + y) * width + inner.left) * channels);
  }
  return inputBytes({ width, height, channels, data }, shape);
}

/** Whether nothing of a picture has to be computed but which value stands where: bytes, and nothing to see through. */
function isPlain({ data, depth, channels }: Picture): boolean {
  if (depth !== 8) return false;
  if (channels % 2 === 1) return true;
  const bytes = plainArray(data);
  for (let k = channels - 1; k < bytes.length; k += channels) if (bytes[k] !== 255) return false;
  return true;
}

/** The bytes of a plain picture in another order: all of a channel, then the next. What `scale` would give, sooner. */
function planes(picture: Picture, shape: ImageShape): Uint8Array {
  const data = plainArray(picture.data);
  const { channels: stored, width, height } = picture;
  const channels = stored <= 2 ? 1 : 3;
  const plane = width * height;
  if (channels === 3 && shape[0] === 1) {
    const colours = Float32Array.from(
      { length: 3 * plane },
      (_, k) => data[Math.floor(k / 3) * stored + (k % 3)],
    );
    return inputBytes({ width, height, channels, data: colours }, shape);
  }
  const bytes = new Uint8Array(shape[0] * plane);
  for (let c = 0; c < shape[0]; c++) {
    const from = channels === 3 ? c : 0;
    for (let k = 0; k < plane; k++) bytes[c * plane + k] = data[k * stored + from];
  }
  return bytes;
}

/** Which part of a picture is taken, and where it comes to lie, in whole pixels. */
interface Placement {
  readonly box: Box;
  readonly inner: Box;
}

const placements: Readonly<Record<Fit, (picture: Picture, width: number, height: number) => Placement>> = {
  stretch: (picture, width, height) => ({
    box: { left: 0, top: 0, width: picture.width, height: picture.height },
    inner: { left: 0, top: 0, width, height },
  }),
  cover: (picture, width, height) => {
    const tall = picture.width * height < picture.height * width;
    const box = {
      width: tall ? picture.width : (picture.height * width) / height,
      height: tall ? (picture.width * height) / width : picture.height,
    };
    return {
      box: { left: (picture.width - box.width) / 2, top: (picture.height - box.height) / 2, ...box },
      inner: { left: 0, top: 0, width, height },
    };
  },
  contain: (picture, width, height) => {
    const step = Math.max(picture.width / width, picture.height / height);
    const inner = {
      width: Math.max(1, Math.round(picture.width / step)),
      height: Math.max(1, Math.round(picture.height / step)),
    };
    return {
      box: { left: 0, top: 0, width: picture.width, height: picture.height },
      inner: {
        left: Math.floor((width - inner.width) / 2),
        top: Math.floor((height - inner.height) / 2),
        ...inner,
      },
    };
  },
};

/** Runs of pixels: the k-th goes from `starts[k]` up to before `ends[k]`. */
interface Runs {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/**
 * Which of `count` pixels in a row go into each of `parts` new ones, that share [from, from + length) equally. At least one for each.
 */
function runs(from: number, length: number, parts: number, count: number): Runs {
  // Pillow has the edges of a part in single precision; where a middle lies on an edge, that decides
  const first = Math.fround(from);
  const step = Math.fround(Math.fround(from + length) - first) / parts;
  const width = Math.max(step, 1);
  const starts = new Int32Array(parts);
  const ends = new Int32Array(parts);
  for (let k = 0; k < parts; k++) {
    const middle = first + (k + 0.5) * step;
    const place = (pixel: number) => (pixel - middle + 0.5) * (1 / width); // in its area from -1/2 to 1/2
    let start = Math.max(0, Math.floor(middle - 0.5 * width + 0.5));
    let end = Math.min(count, Math.floor(middle + 0.5 * width + 0.5));
    if (start + 1 < end && place(start) <= -0.5) start += 1;
    if (start + 1 < end && place(end - 1) > 0.5) end -= 1;
    starts[k] = Math.min(count - 1, start);
    ends[k] = Math.max(starts[k] + 1, end);
  }
  return { starts, ends };
}

/** `[height, width, channels]` of a part of a picture, without alpha, 0 to 255. */
function scale(picture: Picture, box: Box, width: number, height: number): Float32Array {
  const { channels: stored } = picture;
  const data = plainArray(picture.data);
  const channels = stored <= 2 ? 1 : 3;
  const hasAlpha = stored % 2 === 0;
  const largest = picture.depth === 16 ? 65535 : 255;
  const white = largest * largest;
  const columns = runs(box.left, box.width, width, picture.width);
  const rows = runs(box.top, box.height, height, picture.height);
  const result = new Float32Array(width * height * channels);
  const sums = new Float64Array(width * channels);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [rows.starts[y], rows.ends[y]];
    sums.fill(0);
    for (let sy = top; sy < bottom; sy++) {
      for (let x = 0; x < width; x++) {
        const end = (sy * picture.width + columns.ends[x]) * stored;
        let [first, second, third] = [0, 0, 0];
        for (let at = (sy * picture.width + columns.starts[x]) * stored; at < end; at += stored) {
          const alpha = hasAlpha ? data[at + channels] : largest;
          const behind = white - alpha * largest;
          first += data[at] * alpha + behind;
          if (channels === 1) continue;
          second += data[at + 1] * alpha + behind;
          third += data[at + 2] * alpha + behind;
        }
        const to = x * channels;
        sums[to] += first;
        if (channels === 1) continue;
        sums[to + 1] += second;
        sums[to + 2] += third;
      }
    }
    for (let x = 0; x < width; x++) {
      const share = (bottom - top) * (columns.ends[x] - columns.starts[x]) * white;
      for (let c = 0; c < channels; c++) {
        result[(y * width + x) * channels + c] = (255 * sums[x * channels + c]) / share;
      }
    }
  }
  return result;
}

/** The same memory as the kind of array that most pictures have: code that sees one kind of array is faster. */
function plainArray(data: Picture["data"]): Uint8Array | Uint16Array {
  return data instanceof Uint8ClampedArray
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : data;
}
