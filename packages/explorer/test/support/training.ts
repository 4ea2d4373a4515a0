import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { type DataPair, drawPair, type NamedTensors, parseNpz } from "unravel-cnn";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { idx } from "../../../core/test/support/idxFiles.js";
import { choose, downloaded } from "./page.js";

/** Small data sets for training on the page: digits that the program draws, as MNIST's four files. */

export function drawnPair(trainCount: number, testCount: number): Promise<DataPair> {
  return drawPair(0, { trainCount, testCount });
}

/** The four files by their names, two of them packed. */
export function idxFilesOf({ train, test }: DataPair): Record<string, Uint8Array<ArrayBuffer>> {
  const images = ({ images, labels }: DataPair["train"]) => idx(0x803, [labels.length, 28, 28], images);
  const labels = ({ labels }: DataPair["train"]) => idx(0x801, [labels.length], labels);
  return {
    "train-images-idx3-ubyte.gz": new Uint8Array(gzipSync(images(train))),
    "train-labels-idx1-ubyte": labels(train),
    "t10k-images-idx3-ubyte.gz": new Uint8Array(gzipSync(images(test))),
    "t10k-labels-idx1-ubyte": labels(test),
  };
}

/** A folder for the local server, and for the command line's UNRAVEL_DATA: these images are its MNIST. */
export function dataFolder(pair: DataPair): Promise<string> {
  const files = Object.entries(idxFilesOf(pair)).map(([name, bytes]) => [`mnist/${name}`, bytes] as const);
  return temporaryFolder(Object.fromEntries(files));
}

/** Settings of a training on `manyImages` that takes a minute or more: no test waits for its end, or comes after it. */
export const ENDLESS = "data=mnist&images=3000&validation=100&batch=1&epochs=1000";

/** 3,000 images for training, the same few over and over. */
export async function manyImages(): Promise<DataPair> {
  const { train, test } = await drawnPair(100, 20);
  const images = new Uint8Array(3000 * 784);
  for (let at = 0; at < images.length; at += train.images.length) images.set(train.images, at);
  const labels = Array.from({ length: 30 }, () => [...train.labels]).flat();
  return { train: { ...train, images, labels: Uint8Array.from(labels) }, test };
}

/** Waits until the training is in one of these phases. */
export async function phase(page: Page, ...phases: string[]): Promise<void> {
  await page.locator(phases.map((one) => `[data-phase="${one}"]`).join(", ")).waitFor({ timeout: 60_000 });
}

/** Waits for a warning. */
export const alert = (page: Page, text: RegExp): Promise<void> =>
  page.getByRole("alert").filter({ hasText: text }).waitFor();

/** How many steps were done, as the page says it. */
export async function steps(page: Page): Promise<number> {
  const text = await page.locator("[data-phase]").innerText();
  return Number(/step ([\d,]+) of/.exec(text)?.[1].replaceAll(",", "") ?? 0);
}

/** The parameters of the network that the page shows, in full. */
export async function parametersShown(page: Page, names: readonly string[]): Promise<NamedTensors> {
  const { bytes } = await downloaded(page, () => choose(page, "Save", "for NumPy"));
  const arrays = parseNpz(bytes, "trace.npz");
  return Object.fromEntries(
    names.map((name) => [
      name,
      { shape: arrays[name].shape, data: Float32Array.from(arrays[name].data as Float32Array) },
    ]),
  );
}

/** As an old browser, until `mend` is called. */
export function withoutSimd(): void {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  const mend = () => {
    WebAssembly.validate = validate;
  };
  Object.assign(window, { mend });
}
