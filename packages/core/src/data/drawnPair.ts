import { inContext } from "../errors.js";
import { listening } from "../listening.js";
import { abortSignal, type Checks, callback, checkOptions, elsewhere, wholeNumber } from "../options.js";
import type { DataPair, Dataset } from "./dataset.js";
import { digitsOneByOne, type Part } from "./digits/digits.js";

/** How many digits are drawn for each of the two sets. */
export interface DrawOptions {
  /** How many training digits. 0 draws none, for those who only test. */
  readonly trainCount: number;
  readonly testCount: number;
  /** Told how many of all digits are drawn. */
  readonly onProgress?: ((digits: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const drawChecks: Checks<DrawOptions> = {
  trainCount: elsewhere,
  testCount: elsewhere,
  onProgress: callback,
  signal: abortSignal,
};

/** They take 784 bytes each. */
const MOST_DIGITS = 2 ** 20;

/** Between two pauses, in which progress is drawn and an interruption is heard. */
const SLICE_MS = 50;

/**
 * The digits of drawDigits, drawn in slices: all of them take seconds, and the thread may have other work meanwhile.
 * @throws InputError if a count is not a whole number or the seed not one in [0, 2^32); the signal's reason if aborted; what
 *   `onProgress` throws
 */
export async function drawPair(seed: number, options: DrawOptions): Promise<DataPair> {
  checkOptions("Drawing digits", options, drawChecks);
  const { trainCount, testCount, onProgress, signal } = options;
  inContext("Drawing digits", () => {
    wholeNumber("trainCount", trainCount, 0, MOST_DIGITS);
    wholeNumber("testCount", testCount, 0, MOST_DIGITS);
  });
  const total = trainCount + testCount;
  return listening({ signal, onProgress }, async ({ signal, onProgress: tell }) => {
    const train = await drawPart(trainCount, seed, "train", (n) => tell?.(n, total), signal);
    const test = await drawPart(testCount, seed, "test", (n) => tell?.(trainCount + n, total), signal);
    return { train, test };
  });
}

async function drawPart(
  count: number,
  seed: number,
  part: Part,
  onProgress: (digits: number) => void,
  signal: AbortSignal | undefined,
): Promise<Dataset> {
  const drawing = digitsOneByOne(count, seed, part);
  let pause = performance.now() + SLICE_MS;
  for (;;) {
    const { done, value } = drawing.next();
    if (done) return value;
    if (performance.now() < pause) continue;
    onProgress(value);
    await new Promise((resolve) => setTimeout(resolve, 0));
    signal?.throwIfAborted();
    pause = performance.now() + SLICE_MS;
  }
}
