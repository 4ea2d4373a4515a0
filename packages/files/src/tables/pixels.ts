import { InputError } from "unravel-cnn";

/*
 * Images as a table, the way MNIST is often passed on: a row for each image, its label and then its pixels, 0 to 255.
 */

/** A table of square grey images. */
export interface PixelTable {
  /** Of a row and a column of an image. */
  readonly side: number;
  /** A text for each image. */
  readonly labels: readonly string[];
  /** `[N, side, side]` */
  readonly pixels: Uint8Array;
}

/** Fewer columns than this are no image. */
const FEWEST_PIXELS = 16;

const LABEL = /^"?(label|class|target|y)"?$/i;
const NUMBER = /^"?\d+(\.0*)?"?$/;

interface Shape {
  readonly delimiter: string;
  readonly columns: number;
  readonly labelColumn: number;
  /** Where the first image begins. */
  readonly start: number;
}

/** Whether a table's first bytes are those of a table of pixels. */
export function isPixelTable(head: Uint8Array): boolean {
  return shapeOf(head) !== undefined;
}

function shapeOf(bytes: Uint8Array): Shape | undefined {
  const text = new TextDecoder("latin1")
    .decode(bytes.subarray(0, 2 ** 17))
    .replace(/^\u00ef\u00bb\u00bf/, "   ");
  const lines = text.split("\n", 3).map((line) => line.trim());
  const delimiter = [",", ";", "\t"].find((one) => lines[0].split(one).length > FEWEST_PIXELS);
  if (delimiter === undefined) return undefined;
  const [first, second] = lines.map((line) => line.split(delimiter).map((value) => value.trim()));
  const named = first.findIndex((name) => LABEL.test(name));
  const pixels = (row: readonly string[], label: number) =>
    row.every((value, k) => k === label || NUMBER.test(value));
  if (named >= 0 && second && pixels(second, named) && second.length === first.length) {
    return { delimiter, columns: first.length, labelColumn: named, start: bytes.indexOf(10) + 1 };
  }
  if (pixels(first, 0)) return { delimiter, columns: first.length, labelColumn: 0, start: 0 };
  return undefined;
}

const [NEWLINE, RETURN, QUOTE, SPACE, POINT, ZERO, NINE] = [10, 13, 34, 32, 46, 48, 57];

/**
 * @param bytes of a table of pixels
 * @throws InputError that begins with a small letter, if a row has too few or too many values, or one of them is no byte
 */
export function parsePixels(bytes: Uint8Array): PixelTable {
  const shape = shapeOf(bytes);
  if (shape === undefined) throw new InputError("it is no table of labels and pixels");
  const side = Math.sqrt(shape.columns - 1);
  if (!Number.isInteger(side)) {
    throw new InputError(
      `a row has ${shape.columns - 1} pixels beside its label, which make no square image, as 784 make one of 28x28`,
    );
  }
  const separator = shape.delimiter.charCodeAt(0);
  let images = new Uint8Array((side * side * (countLines(bytes, shape.start) + 1)) | 0);
  const labels: string[] = [];
  let at = shape.start;
  if (at === 0 && bytes[0] === 0xef) at = 3;
  while (at < bytes.length) {
    if (bytes[at] === NEWLINE || bytes[at] === RETURN) {
      at += 1;
      continue;
    }
    const row = labels.length;
    let to = row * side * side;
    let column = 0;
    for (;;) {
      const from = at;
      let value = 0;
      let digits = 0;
      let whole = true;
      let odd = false;
      while (at < bytes.length && bytes[at] !== separator && bytes[at] !== NEWLINE) {
        const byte = bytes[at++];
        if (byte >= ZERO && byte <= NINE) {
          if (whole) {
            value = value * 10 + byte - ZERO;
            digits += 1;
          } else if (byte !== ZERO) odd = true;
        } else if (byte === POINT) whole = false;
        else if (byte !== RETURN && byte !== QUOTE && byte !== SPACE) odd = true;
      }
      if (column === shape.labelColumn) labels.push(labelOf(bytes.subarray(from, at)));
      else if (column < shape.columns) {
        if (odd || digits === 0 || value > 255) {
          const text = new TextDecoder().decode(bytes.subarray(from, Math.min(at, from + 20))).trim();
          throw new InputError(
            `column ${column + 1} of image ${row + 1} is ${JSON.stringify(text)}, but a pixel is a whole number from 0 to 255`,
          );
        }
        images[to++] = value;
      }
      column += 1;
      if (at >= bytes.length || bytes[at] === NEWLINE) break;
      at += 1;
    }
    if (column !== shape.columns) {
      throw new InputError(
        `image ${row + 1} has ${column} values, but the first has ${shape.columns}: the table is damaged or cut short`,
      );
    }
  }
  images = images.subarray(0, labels.length * side * side);
  return { side, labels, pixels: images };
}

/** `7`, also of `7.0` and `"7"`. */
function labelOf(bytes: Uint8Array): string {
  const text = new TextDecoder()
    .decode(bytes)
    .trim()
    .replace(/^"(.*)"$/, "$1");
  return /^\d+\.0*$/.test(text) ? String(Number(text)) : text;
}

function countLines(bytes: Uint8Array, from: number): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE, from); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}
