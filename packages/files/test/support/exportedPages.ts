import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { parseModel, type SavedModel } from "unravel-cnn";
import { written } from "./exported.js";

const accuracy = { share: 0.9876, data: "<b>drawn</b>", images: 1234 };

/** A network that reads digits: the one that the page begins with. */
export async function digits(): Promise<SavedModel> {
  const file = new URL("../../../explorer/assets/one-conv.safetensors", import.meta.url);
  return parseModel(await readFile(file), "one-conv");
}

/** A seven, from 0 to 1 across the pad. */
export const SEVEN = [
  [0.27, 0.22],
  [0.5, 0.22],
  [0.73, 0.22],
  [0.6, 0.5],
  [0.45, 0.82],
] as const;

/** The address of a network's page on the disk, for the time of the test. */
export async function pageOf(saved: SavedModel, name: string): Promise<string> {
  return pathToFileURL(await written(saved, "html", { name, accuracy })).href;
}
