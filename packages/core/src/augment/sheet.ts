import { countOf, type Dataset } from "../data/dataset.js";
import { InputError } from "../errors.js";
import { permutation, randomStream } from "../random.js";
import { sizeOf } from "../tensor.js";
import { type Augmenter, createAugmenter } from "./augmenter.js";
import { type Augmentation, type AugmentName, augmentKinds } from "./options.js";

/** How large a sheet of changed images is. */
export interface AugmentSheetOptions {
  /** Images in a row, of which each row shows the same. */
  readonly columns: number;
  /** Rows of each change; default 1. */
  readonly rows?: number;
  /** Side of an image's pixel on the sheet, in pixels. */
  readonly scale: number;
  /** Chooses the images, and what happens to them. */
  readonly seed: number;
  /** Whether high values of grey images are drawn dark on light paper, or light on dark. */
  readonly ink: "black" | "white" | "kept";
}

/** A picture of what an augmentation does. */
export interface AugmentSheet {
  readonly width: number;
  readonly height: number;
  /** 1: grey, or 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** `[height, width, channels]`, 0 to 255. */
  readonly pixels: Uint8Array;
  /** What each band of rows shows, from top to bottom. */
  readonly bands: readonly string[];
}

const MARGIN = 12;
const GAP = 2;
const BAND_GAP = 8;
const BETWEEN = 232;
const MOST_PIXELS = 2 ** 28;

/**
 * Images as they are, with each change of an augmentation alone, and with all of them together.
 * @throws InputError if the images have other than one or three channels, or the sheet would be too large
 */
export function augmentSheet(
  data: Dataset,
  augmentation: Augmentation,
  { columns, rows = 1, scale, seed, ink }: AugmentSheetOptions,
): AugmentSheet {
  const [channels, height, width] = data.shape;
  if (channels !== 1 && channels !== 3) {
    throw new InputError(
      `A sheet shows images of one channel or of three, but ${data.name} has ${channels} channels.`,
    );
  }
  const bands = bandsOf(augmentation, data, seed);
  const [cellWidth, cellHeight] = [width * scale + GAP, height * scale + GAP];
  const bandHeight = rows * cellHeight - GAP + BAND_GAP;
  const sheetWidth = 2 * MARGIN + columns * cellWidth - GAP;
  const sheetHeight = 2 * MARGIN + bands.length * bandHeight - BAND_GAP;
  if (sheetWidth * sheetHeight > MOST_PIXELS) {
    throw new InputError(
      `The sheet would have ${sheetWidth}x${sheetHeight} pixels; take fewer images, or a smaller scale.`,
    );
  }
  const isDark = ink === "black" && channels === 1;
  const pixels = new Uint8Array(sheetWidth * sheetHeight * channels).fill(BETWEEN);
  const size = sizeOf(data.shape);
  const chosen = permutation(countOf(data), randomStream(seed, "sheet")).subarray(0, columns);
  const image = new Uint8Array(size);
  for (const [band, { augment }] of bands.entries()) {
    for (let row = 0; row < rows; row++) {
      for (const [column, index] of chosen.entries()) {
        augment({ epoch: 1 + row, index }, data.images, index * size, image, 0);
        const top = MARGIN + band * bandHeight + row * cellHeight;
        const left = MARGIN + column * cellWidth;
        for (let y = 0; y < height * scale; y++) {
          for (let x = 0; x < width * scale; x++) {
            const place = ((top + y) * sheetWidth + left + x) * channels;
            const cell = Math.floor(y / scale) * width + Math.floor(x / scale);
            for (let c = 0; c < channels; c++) {
              const value = image[c * height * width + cell];
              pixels[place + c] = isDark ? 255 - value : value;
            }
          }
        }
      }
    }
  }
  return { width: sheetWidth, height: sheetHeight, channels, pixels, bands: bands.map(({ title }) => title) };
}

function bandsOf(augmentation: Augmentation, { shape }: Dataset, seed: number) {
  const band = (title: string, some: Augmentation): { title: string; augment: Augmenter } => ({
    title,
    augment: createAugmenter(some, shape, seed),
  });
  const each = Object.entries(augmentation) as [AugmentName, number][];
  return [
    band("as they are", {}),
    ...each.map(([name, amount]) => band(describeChange(name, amount), { [name]: amount })),
    ...(each.length > 1 ? [band("all together", augmentation)] : []),
  ];
}

/** `rotate 10`, or `flip`, of which there is only one amount. */
const describeChange = (name: AugmentName, amount: number): string =>
  amount === 1 && augmentKinds[name].usual === 1 ? name : `${name} ${amount}`;

/** An augmentation in one line: `shift 2, rotate 10, flip`. */
export function describeAugmentation(augmentation: Augmentation): string {
  const each = Object.entries(augmentation) as [AugmentName, number][];
  return each.map(([name, amount]) => describeChange(name, amount)).join(", ");
}
