import { type Dataset, type Mistake, sizeOf } from "unravel-cnn";
import { significant } from "../terminal/numbers.js";
import { drawText, LETTER, shortened } from "./letters.js";

/** A picture, as a PNG holds it. */
export interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly data: Uint8Array;
}

const COLUMNS = 5;
const MARGIN = 12;
const GAP = 10;
/** The least width of a picture with its texts: room for a file's name. */
const CELL = 132;
/** What a small picture is enlarged to, about. */
const SIDE = 96;
const LINE = 10;
const LINES = 3;
const [INK, WRONG, RIGHT] = [
  [60, 60, 60],
  [180, 40, 30],
  [20, 110, 50],
];

/**
 * The surest mistakes side by side: each picture with what it was taken for and how surely, what it shows, and its file.
 * @param nameOf a picture's file, or another name of it
 * @param inkOnBlack whether images of one channel are light ink on black, which is turned round
 * @param areScores whether the network gives scores that are no probabilities
 */
export function mistakesSheet(
  mistakes: readonly Mistake[],
  data: Dataset,
  nameOf: (image: number) => string,
  inkOnBlack: boolean,
  areScores: boolean,
): Drawn {
  const [channels, height, width] = data.shape;
  const scale = Math.max(1, Math.floor(SIDE / Math.max(height, width)));
  const cellWidth = Math.max(CELL, width * scale);
  const cellHeight = height * scale + 4 + LINES * LINE + GAP;
  const columns = Math.min(COLUMNS, Math.max(1, mistakes.length));
  const rows = Math.ceil(mistakes.length / columns);
  const sheetWidth = 2 * MARGIN + columns * (cellWidth + GAP) - GAP;
  const sheetHeight = 2 * MARGIN + Math.max(1, rows) * cellHeight - GAP;
  const sheet = new Uint8Array(sheetWidth * sheetHeight * 3).fill(255);
  const paint = (x: number, y: number, colour: readonly number[]) =>
    sheet.set(colour, (y * sheetWidth + x) * 3);
  const most = Math.floor(cellWidth / LETTER.step);
  const size = sizeOf(data.shape);

  for (const [k, { image, actual, predicted, probability }] of mistakes.entries()) {
    const left = MARGIN + (k % columns) * (cellWidth + GAP);
    const top = MARGIN + Math.floor(k / columns) * cellHeight;
    const pixels = data.images.subarray(image * size, (image + 1) * size);
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const place = Math.floor(y / scale) * width + Math.floor(x / scale);
        const colour = [0, 1, 2].map((c) => {
          const value = pixels[(channels === 3 ? c : 0) * height * width + place];
          return inkOnBlack && channels === 1 ? 255 - value : value;
        });
        paint(left + x, top + y, colour);
      }
    }
    const sure = areScores ? significant(probability) : `${Math.floor(100 * probability)}%`;
    const lines: readonly (readonly [string, readonly number[]])[] = [
      [`${shortened(data.classes[predicted], most - sure.length - 1)} ${sure}`, WRONG],
      [`is ${shortened(data.classes[actual], most - 3)}`, RIGHT],
      [shortened(nameOf(image), most), INK],
    ];
    for (const [row, [text, colour]] of lines.entries()) {
      const y = top + height * scale + 4 + row * LINE;
      drawText(text, (dx, dy) => paint(left + dx, y + dy, colour));
    }
  }
  if (mistakes.length === 0) drawText("No mistakes.", (dx, dy) => paint(MARGIN + dx, MARGIN + dy, INK));
  return { width: sheetWidth, height: sheetHeight, channels: 3, data: sheet };
}
