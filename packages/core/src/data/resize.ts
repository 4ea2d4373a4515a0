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
  const { data, channels: stored } = picture;
  const channels = stored <= 2 ? 1 : 3;
  const hasAlpha = stored % 2 === 0;
  const largest = picture.depth === 16 ? 65535 : 255;
  const columns = runs(box.left, box.width, width, picture.width);
  const rows = runs(box.top, box.height, height, picture.height);
  const result = new Float32Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [rows.starts[y], rows.ends[y]];
    for (let x = 0; x < width; x++) {
      const [left, right] = [columns.starts[x], columns.ends[x]];
      const count = (bottom - top) * (right - left) * largest * (hasAlpha ? largest : 1);
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let sy = top; sy < bottom; sy++) {
          let at = (sy * picture.width + left) * stored;
          for (let sx = left; sx < right; sx++, at += stored) {
            const alpha = hasAlpha ? data[at + channels] : 1;
            sum += data[at + c] * alpha;
            if (hasAlpha) sum += largest * (largest - alpha); // the white behind it
          }
        }
        result[to++] = (255 * sum) / count;
      }
    }
  }
  return result;
}
