import { InputError } from "../errors.js";
import { type Checks, checkOptions, elsewhere, oneOf, SEED } from "../options.js";
import { permutation, randomStream } from "../random.js";
import { sizeOf } from "../tensor.js";
import { countOf, type Dataset, labelsPerImage } from "./dataset.js";

/** Which images are on a sheet, and how it is laid out. */
export interface SheetOptions {
  /**
   * `class`: each class has its own rows, in the order of the classes; with several labels at once an image may stand in several.
   * `random`: all mixed.
   */
  readonly order: "class" | "random";
  /** Images in a row. */
  readonly columns: number;
  /** Rows; for the order `class`, of each class. */
  readonly rows: number;
  /** Side of an image's pixel on the sheet, in pixels. */
  readonly scale: number;
  /** Chooses the images. */
  readonly seed: number;
  /**
   * Whether high values, the ink, are drawn dark on light paper, or light on dark; `kept`: pictures look as they are, on light paper.
   */
  readonly ink: "black" | "white" | "kept";
}

const sheetChecks: Checks<SheetOptions> = {
  order: oneOf(["class", "random"]),
  columns: elsewhere,
  rows: elsewhere,
  scale: elsewhere,
  seed: SEED,
  ink: oneOf(["black", "white", "kept"]),
};

/** A picture, grey or in colour. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `[height, width, channels]`, 0 (black) to 255. */
  readonly pixels: Uint8Array;
  /** How many images are on it. */
  readonly images: number;
}

/** Pixels of the sheet: around it, between images, and more between classes. */
const MARGIN = 12;
const GAP = 2;
const CLASS_GAP = 8;
/** Between the images the sheet is a little darker than their paper, so that one sees where an image ends. */
const PAPER = 255;
const BETWEEN = 232;

/**
 * Images of a data set side by side, chosen at random. Where a class has fewer than fit, its places stay empty.
 * @throws InputError if a number is not a whole number of at least 1, or the images have neither 1 nor 3 channels
 */
export function contactSheet(data: Dataset, options: SheetOptions): Sheet {
  checkOptions("The sheet", options, sheetChecks);
  const { order, columns, rows, scale, seed, ink } = options;
  for (const [name, value] of Object.entries({ columns, rows, scale })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new InputError(`The sheet's ${name} must be a whole number of at least 1, not ${value}.`);
    }
  }
  const [channels, imageHeight, imageWidth] = data.shape;
  if (channels !== 1 && channels !== 3) {
    throw new InputError(
      `A sheet shows images with 1 or 3 channels, but those of ${data.name} have ${channels}.`,
    );
  }

  const bands = chooseImages(data, order, columns * rows, seed);
  const cellHeight = imageHeight * scale + GAP;
  const cellWidth = imageWidth * scale + GAP;
  const bandHeight = rows * cellHeight - GAP + CLASS_GAP;
  const width = 2 * MARGIN + columns * cellWidth - GAP;
  const height = 2 * MARGIN + bands.length * bandHeight - CLASS_GAP;
  if (width * height > MOST_PIXELS) {
    throw new InputError(
      `The sheet would have ${width}x${height} pixels; take fewer images, or a smaller scale.`,
    );
  }
  const pixels = new Uint8Array(width * height * channels).fill(BETWEEN);
  const size = sizeOf(data.shape);
  for (const [band, indices] of bands.entries()) {
    for (const [place, index] of indices.entries()) {
      const top = MARGIN + band * bandHeight + Math.floor(place / columns) * cellHeight;
      const left = MARGIN + (place % columns) * cellWidth;
      const image = data.images.subarray(index * size, (index + 1) * size);
      for (let y = 0; y < imageHeight * scale; y++) {
        const row = Math.floor(y / scale) * imageWidth;
        const start = (top + y) * width + left;
        for (let x = 0; x < imageWidth * scale; x++) {
          for (let c = 0; c < channels; c++) {
            const value = image[c * imageHeight * imageWidth + row + Math.floor(x / scale)];
            pixels[(start + x) * channels + c] = ink === "kept" ? value : PAPER - value;
          }
        }
      }
    }
  }
  if (ink === "white") for (let i = 0; i < pixels.length; i++) pixels[i] = 255 - pixels[i];
  return { width, height, channels, pixels, images: bands.reduce((sum, { length }) => sum + length, 0) };
}

const MOST_PIXELS = 2 ** 28;

/** Indices of up to `most` images for each band of the sheet: one for each class, or one for all. */
function chooseImages(data: Dataset, order: SheetOptions["order"], most: number, seed: number): number[][] {
  const shuffled = permutation(countOf(data), randomStream(seed, "sheet"));
  if (order === "random") return [Array.from(shuffled.subarray(0, most))];
  const bands = data.classes.map((): number[] => []);
  const each = labelsPerImage(data);
  for (const index of shuffled) {
    const labels = data.labels.subarray(index * each, (index + 1) * each);
    for (const [k, band] of bands.entries()) {
      const isShown = each === 1 ? labels[0] === k : labels[k] === 1;
      if (isShown && band.length < most) band.push(index);
    }
  }
  return bands;
}
