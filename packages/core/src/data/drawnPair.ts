import { InputError } from "../errors.js";
import { randomStream } from "../random.js";
import type { DataPair, Dataset } from "./dataset.js";
import { digitPen, drawDigits, type Part } from "./digits/digits.js";

export interface DrawOptions {
  /** How many training digits. 0 draws none, for who only tests. */
  readonly trainCount: number;
  readonly testCount: number;
  /** Told how many of all digits are drawn. */
  readonly onProgress?: ((digits: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Between two pauses, in which progress is drawn and an interruption is heard. */
const SLICE_MS = 50;

/**
 * The digits of drawDigits, drawn in slices: all of them take seconds, in which others want to do something too.
 * @throws InputError if a count is not a whole number or the seed not one in [0, 2^32); the signal's reason if aborted
 */
export async function drawPair(seed: number, options: DrawOptions): Promise<DataPair> {
  const { trainCount, testCount, onProgress, signal } = options;
  const total = trainCount + testCount;
  const train = await drawPart(trainCount, seed, "train", (n) => onProgress?.(n, total), signal);
  const test = await drawPart(testCount, seed, "test", (n) => onProgress?.(trainCount + n, total), signal);
  return { train, test };
}

async function drawPart(
  count: number,
  seed: number,
  part: Part,
  onProgress: (digits: number) => void,
  signal: AbortSignal | undefined,
): Promise<Dataset> {
  if (!(Number.isSafeInteger(count) && count >= 0)) {
    throw new InputError(`The number of digits to draw must be a whole number of at least 0, not ${count}.`);
  }
  const first = drawDigits(1, seed, part);
  if (count === 0) return { ...first, images: new Uint8Array(0), labels: new Uint8Array(0) };
  const size = first.images.length;
  const images = new Uint8Array(count * size);
  const labels = labelsOf(count, seed, part);
  const pen = digitPen(seed, part);
  let pause = performance.now() + SLICE_MS;
  for (let i = 0; i < count; i++) {
    images.set(pen.draw(labels[i], i), i * size);
    if (performance.now() < pause) continue;
    onProgress(i + 1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    signal?.throwIfAborted();
    pause = performance.now() + SLICE_MS;
  }
  return { ...first, images, labels };
}

/** The labels in drawDigits' order: each ten are 0 to 9, shuffled. A test holds the two together. */
function labelsOf(count: number, seed: number, part: Part): Uint8Array {
  const order = randomStream(seed, `digits/${part}/order`);
  const labels = new Uint8Array(count);
  for (let from = 0; from < count; from += 10) {
    const ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    for (let i = 9; i > 0; i--) {
      const j = order.below(i + 1, from + i);
      [ten[i], ten[j]] = [ten[j], ten[i]];
    }
    labels.set(ten.slice(0, count - from), from);
  }
  return labels;
}
